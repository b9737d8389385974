// The server's policy lets only those <style> elements be that carry the nonce of its answer. Mantine asks for it; what
// locks scrolling behind a dialog (react-remove-scroll) looks for webpack's global.
const meta = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]');

export const styleNonce = meta?.nonce ?? '';
Object.assign(globalThis, { __webpack_nonce__: styleNonce });

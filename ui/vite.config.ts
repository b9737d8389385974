import { defineConfig } from 'vite';
import react from '@vitejs/plugin-react';

// What `vite preview` sends. Herald's own policy is stricter (src/api/pages.c): the <style> elements that Mantine writes at
// run time need a nonce there, which the server puts in the place of this word, a new one for each answer.
const nonceHole = '@CSP-NONCE@';
const contentSecurityPolicy = [
  "default-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const server = process.env.HERALD_ORIGIN ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react()],
  html: { cspNonce: nonceHole },
  build: {
    // Small files stay files: a data: address would need a wider policy.
    assetsInlineLimit: 0,
    // The polyfill is for browsers that lack modulepreload; those that Herald supports have it.
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  server: {
    // Herald compares Origin and Host; the development server's are rewritten to its own.
    proxy: {
      '/api': {
        target: server,
        changeOrigin: true,
        configure: (proxy) => proxy.on('proxyReq', (request) => request.setHeader('Origin', server)),
      },
    },
  },
  preview: { headers: { 'Content-Security-Policy': contentSecurityPolicy } },
});

/** The host of a URL, for where the whole is too long. */
export function hostOf(url: string | null): string {
  return /^https?:\/\/([^/?#]+)/i.exec(url ?? '')?.[1] ?? url ?? '';
}

/** Only what a browser may safely be sent to. */
export function isWebUrl(url: string): boolean {
  return /^https?:\/\//i.test(url);
}

import { defineConfig } from 'vite';
import react from '@vitejs/plugin-react';

// The policy that Herald's server sends with the pages. Everything comes from the pages' own origin, and there are no
// inline scripts. style-src needs 'unsafe-inline' because Mantine writes the theme's variables and its responsive props into
// <style> elements at run time, and a file that is embedded in the server cannot carry a nonce of its own per answer.
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

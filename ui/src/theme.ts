// Colours and sizes. Every pair of text and background meets WCAG AA; tests/browser checks it with axe in both schemes.
import {
  ActionIcon,
  Anchor,
  Button,
  createTheme,
  Loader,
  type CSSVariablesResolver,
  type MantineColorsTuple,
} from '@mantine/core';

// A calm ink blue; shade 7 carries white text at 6.5:1, shade 4 reads on the dark background at 6:1.
const ink: MantineColorsTuple = [
  '#eef4fb',
  '#dbe6f3',
  '#b5cce6',
  '#8bb0d9',
  '#6899cd',
  '#4f89c4',
  '#3a78b8',
  '#28609b',
  '#1f507f',
  '#143c63',
];

// Mantine's greys for the dark scheme, with a little of the ink: 7 is the page, 6 fields, 4 their borders.
const dark: MantineColorsTuple = [
  '#d9dee4',
  '#bcc4cd',
  '#a0a9b4',
  '#78818c',
  '#4a525c',
  '#363d45',
  '#22272d',
  '#16191d',
  '#121518',
  '#0d0f12',
];

export const theme = createTheme({
  primaryColor: 'ink',
  primaryShade: 7,
  colors: { ink, dark },
  defaultRadius: 'sm',
  cursorType: 'pointer',
  respectReducedMotion: true,
  // Only fonts that are on the machine: no request leaves the origin.
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "DejaVu Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.5rem', lineHeight: '1.3' } } },
  components: {
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', color: 'gray' } }),
    Anchor: Anchor.extend({ defaultProps: { underline: 'always' } }),
    Button: Button.extend({ defaultProps: { loaderProps: { type: 'dots' } } }),
    Loader: Loader.extend({ defaultProps: { size: 'sm' } }),
  },
});

export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-dimmed': '#5a636e',
    '--mantine-color-placeholder': '#69727d',
    '--mantine-color-error': '#c02424',
    '--mantine-color-anchor': 'var(--mantine-color-ink-7)',
    '--herald-surface': '#f6f8fa',
    '--herald-line': '#dde2e8',
    '--herald-field': '#868f99',
    '--herald-hover': '#f1f5f9',
    '--herald-focus': 'var(--mantine-color-ink-6)',
    '--herald-brass': '#83590a',
    '--herald-good-text': '#1b6b3a',
    '--herald-good-back': '#e3f4e9',
    '--herald-bad-text': '#a61e1e',
    '--herald-bad-back': '#fdeaea',
    '--herald-wait-text': '#7a4d00',
    '--herald-wait-back': '#fdf1d8',
    '--herald-calm-text': '#48515c',
    '--herald-calm-back': '#eceff3',
  },
  dark: {
    '--mantine-color-dimmed': '#a0a9b4',
    '--mantine-color-placeholder': '#939ca7',
    '--mantine-color-error': '#ff9b96',
    '--mantine-color-anchor': 'var(--mantine-color-ink-3)',
    '--herald-surface': '#1d2126',
    '--herald-line': '#343a42',
    '--herald-field': '#727c87',
    '--herald-hover': '#22272d',
    '--herald-focus': 'var(--mantine-color-ink-3)',
    '--herald-brass': '#e0b252',
    '--herald-good-text': '#7fd6a0',
    '--herald-good-back': '#17352a',
    '--herald-bad-text': '#ffa8a3',
    '--herald-bad-back': '#43211f',
    '--herald-wait-text': '#f0c674',
    '--herald-wait-back': '#3b2e14',
    '--herald-calm-text': '#bcc4cd',
    '--herald-calm-back': '#2a3037',
  },
});

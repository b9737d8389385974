/** A herald's trumpet with its banner. */
export function HeraldMark({ size = 24 }: { size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.75"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d="M2.5 13.5 15 9.2l5.5-3.7v11L15 13.6l-11.5 2z" fill="currentColor" fillOpacity=".22" />
      <path d="M7 15v5.5l2.2-1.5 2.3 1.5v-6.3" />
    </svg>
  );
}

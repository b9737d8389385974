const sameYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const anyYear = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** A moment in the reader's own time zone; the exact one is in the title. */
export function When({ at }: { at: string }) {
  const date = new Date(at);
  const format = date.getFullYear() === new Date().getFullYear() ? sameYear : anyYear;
  return (
    <time dateTime={at} title={at} className="numbers">
      {format.format(date)}
    </time>
  );
}

/** The time of day to the millisecond, for what happens now. */
export function Clock({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at} className="numbers">
      {clock.format(new Date(at))}
    </time>
  );
}

/** "840 µs", "12.3 ms", "1.20 s" */
export function duration(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 10_000) return `${(us / 1000).toFixed(1)} ms`;
  if (us < 1_000_000) return `${Math.round(us / 1000)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}

import { asApiError } from '../api/problem';
import { ErrorNotice, Notice } from './states';

interface RefusalProps {
  title: string;
  error: unknown;
  onRetry?: () => void;
}

/** An error of what people try with a secret: also that they tried too often, with the time when they may again. */
export function Refusal({ title, error, onRetry }: RefusalProps) {
  const refusal = asApiError(error);
  if (refusal?.status === 429) {
    return (
      <Notice tone="wait" title="Too many attempts that failed">
        Try again in {wait(refusal.retryAfter ?? 60)}, or with the link of an email or of your operator.
      </Notice>
    );
  }
  const passes = refusal?.status === 0 || refusal?.status === 503;
  return <ErrorNotice title={title} error={error} onRetry={passes ? onRetry : undefined} />;
}

function wait(seconds: number): string {
  const minutes = Math.ceil(seconds / 60);
  return minutes === 1 ? 'a minute' : `${minutes} minutes`;
}

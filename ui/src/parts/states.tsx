// What a list shows when it has nothing to show: still loading, empty, or an error that can be tried again.
import { useEffect, useRef, type ReactNode } from 'react';
import { Button, Skeleton, Text, Title } from '@mantine/core';
import { CircleAlert, Inbox, TriangleAlert } from 'lucide-react';
import { asApiError, sentence } from '../api/problem';

interface NoticeProps {
  tone: 'bad' | 'wait';
  title: string;
  children?: ReactNode;
}

/** Something that has to be seen: it is read out, and comes into view where it is not. */
export function Notice({ tone, title, children }: NoticeProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // In braces, because newer browsers return a promise, which React would take for a clean-up.
    box.current?.scrollIntoView({ block: 'nearest' });
  }, []);
  const Icon = tone === 'bad' ? CircleAlert : TriangleAlert;
  return (
    <div ref={box} className="notice" data-tone={tone} role="alert">
      <Icon size={18} aria-hidden />
      <div>
        <strong>{title}</strong>
        {children}
      </div>
    </div>
  );
}

interface ErrorNoticeProps {
  title: string;
  error: unknown;
  onRetry?: () => void;
  /** What to add to the error's own sentence. */
  children?: ReactNode;
}

export function ErrorNotice({ title, error, onRetry, children }: ErrorNoticeProps) {
  const requestId = asApiError(error)?.requestId;
  return (
    <Notice tone="bad" title={title}>
      {sentence(error)}
      {children}
      {requestId && (
        <Text size="xs" c="dimmed">
          Request <code>{requestId}</code>
        </Text>
      )}
      {onRetry && (
        <div>
          <Button variant="default" size="xs" mt="xs" onClick={onRetry}>
            Try again
          </Button>
        </div>
      )}
    </Notice>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="list-frame empty">
      <Inbox size={28} strokeWidth={1.5} aria-hidden />
      <Title order={2} size="h4" mt="xs">
        {title}
      </Title>
      <Text component="div" size="sm" c="dimmed" mt={4}>
        {children}
      </Text>
    </div>
  );
}

export function ListSkeleton({ label }: { label: string }) {
  return (
    <div className="list-frame" role="status" aria-label={label}>
      {[62, 48, 71, 55, 40].map((width) => (
        <Skeleton key={width} height={14} width={`${width}%`} m="md" />
      ))}
    </div>
  );
}

export function FormSkeleton({ label }: { label: string }) {
  return (
    <div className="narrow-column" role="status" aria-label={label}>
      <Skeleton height={14} width="20%" mb="xs" />
      <Skeleton height={36} mb="lg" />
      <Skeleton height={14} width="35%" mb="xs" />
      <Skeleton height={64} mb="sm" />
      <Skeleton height={64} />
    </div>
  );
}

import type { ReactNode } from 'react';
import { Title } from '@mantine/core';

/** A part of the page with its own heading. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section aria-label={title}>
      <div className="page-head">
        <Title order={2} size="h4">
          {title}
        </Title>
        {actions}
      </div>
      {children}
    </section>
  );
}

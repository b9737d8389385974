import { useEffect, type ReactNode } from 'react';
import { Anchor, Title } from '@mantine/core';
import { ArrowLeft } from 'lucide-react';
import { Link } from 'react-router-dom';

interface PageProps {
  title: string;
  /** A way back, above the title. */
  back?: { to: string; label: string };
  actions?: ReactNode;
  children: ReactNode;
}

export function Page({ title, back, actions, children }: PageProps) {
  useTitle(title);
  return (
    <>
      {back && (
        <Anchor component={Link} to={back.to} className="back" underline="hover">
          <ArrowLeft size={16} aria-hidden />
          {back.label}
        </Anchor>
      )}
      <div className="page-head">
        <Title order={1}>{title}</Title>
        {actions}
      </div>
      {children}
    </>
  );
}

export function useTitle(title: string) {
  useEffect(() => {
    document.title = `${title} · Herald`;
  }, [title]);
}

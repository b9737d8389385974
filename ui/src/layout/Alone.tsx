// The frame of the pages for people who are not signed in.
import type { ReactNode } from 'react';
import { Paper, Text, Title } from '@mantine/core';
import { useTitle } from '../parts/Page';
import { HeraldMark } from './HeraldMark';

export function Alone({ title, children }: { title: string; children: ReactNode }) {
  useTitle(title);
  return (
    <main className="alone">
      <Paper withBorder p="xl" radius="md">
        <Text component="span" className="brand" mb="sm">
          <HeraldMark size={28} />
          Herald
        </Text>
        {children}
      </Paper>
    </main>
  );
}

export function AloneTitle({ children }: { children: ReactNode }) {
  return (
    <Title order={1} size="h3" mb={4}>
      {children}
    </Title>
  );
}

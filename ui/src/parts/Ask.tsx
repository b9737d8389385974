import type { ReactNode } from 'react';
import { Button, Group, Text } from '@mantine/core';
import { Dialog } from './Dialog';
import { ErrorNotice } from './states';

interface AskProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
  /** What the button does: "Revoke". */
  action: string;
  busy: boolean;
  error: unknown;
  onConfirm: () => void;
}

/** A question before something that cannot be taken back; the way out has the focus. */
export function Ask({ opened, onClose, title, children, action, busy, error, onConfirm }: AskProps) {
  return (
    <Dialog opened={opened} onClose={onClose} title={title}>
      <Text component="div" size="sm">
        {children}
      </Text>
      {Boolean(error) && (
        <div style={{ marginTop: '0.75rem' }}>
          <ErrorNotice title="This was not done" error={error} />
        </div>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose} data-autofocus>
          Cancel
        </Button>
        <Button color="red.8" loading={busy} onClick={onConfirm}>
          {action}
        </Button>
      </Group>
    </Dialog>
  );
}

import type { ReactNode } from 'react';
import { Modal } from '@mantine/core';

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  /** What it shows is gone with it: a click beside it does not close it. */
  firm?: boolean;
  children: ReactNode;
}

/**
 * A modal dialog. Its way out is a button among its children, or Escape. Mantine's own title bar is not used: it is a
 * <header>, which inside a dialog counts as a second banner of the page.
 */
export function Dialog({ opened, onClose, title, firm = false, children }: DialogProps) {
  return (
    <Modal opened={opened} onClose={onClose} withCloseButton={false} closeOnClickOutside={!firm} padding="lg">
      <Modal.Title mb="sm">{title}</Modal.Title>
      {children}
    </Modal>
  );
}

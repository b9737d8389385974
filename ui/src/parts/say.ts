import { notifications } from '@mantine/notifications';

interface Said {
  tone: 'good' | 'bad';
  title: string;
  text?: string;
}

/** A toast, one at a time; a bad one stays until it is closed or replaced. */
export function say({ tone, title, text }: Said) {
  hush();
  notifications.show({
    title,
    message: text,
    color: tone === 'good' ? 'teal' : 'red',
    autoClose: tone === 'good' ? 5000 : false,
    closeButtonProps: { 'aria-label': 'Close this message' },
    role: tone === 'good' ? 'status' : 'alert',
  });
}

/** Takes away what was said, before it can be taken for the answer to something newer. */
export function hush() {
  notifications.clean();
}

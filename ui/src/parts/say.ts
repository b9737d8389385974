import { notifications } from '@mantine/notifications';

interface Said {
  tone: 'good' | 'bad';
  title: string;
  text?: string;
}

/** A toast; a bad one stays until it is closed. */
export function say({ tone, title, text }: Said) {
  notifications.show({
    title,
    message: text,
    color: tone === 'good' ? 'teal' : 'red',
    autoClose: tone === 'good' ? 5000 : false,
    closeButtonProps: { 'aria-label': 'Close this message' },
    role: tone === 'good' ? 'status' : 'alert',
  });
}

import { useMediaQuery } from '@mantine/hooks';
import { Notifications } from '@mantine/notifications';

/** Where toasts appear: away from the buttons that one may want next, which on a phone are at the bottom. */
export function Toasts() {
  const narrow = useMediaQuery('(max-width: 48em)');
  return <Notifications position={narrow ? 'top-center' : 'bottom-right'} />;
}

import { useEffect, useState } from 'react';
import { Button, Group } from '@mantine/core';
import { hostOf } from '../parts/urls';

const secondsToStay = 5;

/** Sends the person who logged to the Redirect URL, after a moment in which they can decide to stay. */
export function Redirecting({ to }: { to: string }) {
  const [staying, setStaying] = useState(false);
  useEffect(() => {
    if (staying) return;
    const timer = window.setTimeout(() => window.location.assign(to), secondsToStay * 1000);
    return () => window.clearTimeout(timer);
  }, [staying, to]);

  return (
    <div>
      <div className="dim">
        {staying ? 'You stay here.' : `Going to ${hostOf(to)} in ${secondsToStay} seconds…`}
      </div>
      <Group gap="xs" mt="xs">
        <Button component="a" href={to} size="compact-sm" variant="default">
          Go to {hostOf(to)}
        </Button>
        {!staying && (
          <Button size="compact-sm" variant="subtle" onClick={() => setStaying(true)}>
            Stay here
          </Button>
        )}
      </Group>
    </div>
  );
}

import { Button } from '@mantine/core';
import { useRouteError } from 'react-router-dom';
import { useTitle } from '../parts/Page';
import { Notice } from '../parts/states';

/** What is shown when a page itself fails: a fault of these pages, not of what the person did. */
export function RouteError() {
  useTitle('Something went wrong');
  const error = useRouteError();
  return (
    <main className="alone">
      <Notice tone="bad" title="This page failed">
        {error instanceof Error ? error.message : 'The reason is not known.'} Nothing was changed.
        <div>
          <Button variant="default" size="xs" mt="xs" onClick={() => window.location.reload()}>
            Load it again
          </Button>
        </div>
      </Notice>
    </main>
  );
}

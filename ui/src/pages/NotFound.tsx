import { Anchor, Text } from '@mantine/core';
import { Link } from 'react-router-dom';
import { Page } from '../parts/Page';

export function NotFound() {
  return (
    <Page title="No such page">
      <Text>
        There is nothing at this address.{' '}
        <Anchor component={Link} to="/">
          Go to Activities
        </Anchor>
        .
      </Text>
    </Page>
  );
}

import type { ReactNode } from 'react';
import { Anchor } from '@mantine/core';
import { Link } from 'react-router-dom';
import type { Delivery } from '../api/client';
import { Attempts } from './Attempts';
import { When } from './time';

/** Everything about one delivery. */
export function DeliveryDetail({ delivery }: { delivery: Delivery }) {
  return (
    <>
      <dl className="facts">
        <Fact name="Webhook URL">
          <code>{delivery.url}</code>
        </Fact>
        <Fact name="Logged activity">
          <code>{delivery.logged_activity_id}</code>
        </Fact>
        <Fact name="Delivery">
          <code>{delivery.id}</code>
        </Fact>
        <Fact name="Activity">
          <Anchor component={Link} to={`/activities/${delivery.activity_object.id}`} size="sm">
            {delivery.activity_object.name}
          </Anchor>{' '}
          <span className="dim">(settings version {delivery.settings_version} was in force)</span>
        </Fact>
        <Fact name="Logged">
          <When at={delivery.created_at} />
        </Fact>
        {delivery.finished_at && (
          <Fact name="Finished">
            <When at={delivery.finished_at} />
          </Fact>
        )}
      </dl>
      <div className="attempts">
        <Attempts attempts={delivery.attempts} />
      </div>
    </>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

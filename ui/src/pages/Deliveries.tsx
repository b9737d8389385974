// Every webhook delivery, newest first.
import { Group, SegmentedControl } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router-dom';
import type { Delivery, DeliveryState } from '../api/client';
import { deliveriesQuery } from '../api/queries';
import { outcomeOf } from '../parts/Attempts';
import { DeliveryDetail } from '../parts/DeliveryDetail';
import { OpeningRow, PagedList, RefreshButton } from '../parts/PagedList';
import { Page } from '../parts/Page';
import { Empty } from '../parts/states';
import { StateTag } from '../parts/Tag';
import { duration, When } from '../parts/time';
import { hostOf } from '../parts/urls';

const filters: { value: DeliveryState | ''; label: string }[] = [
  { value: '', label: 'All' },
  { value: 'pending', label: 'Pending' },
  { value: 'delivered', label: 'Delivered' },
  { value: 'failed', label: 'Failed' },
];

export function Deliveries() {
  const [search, setSearch] = useSearchParams();
  const state = filters.find(({ value }) => value === search.get('state'))?.value ?? '';
  const list = useInfiniteQuery(deliveriesQuery(state ? { state } : {}));
  return (
    <Page title="Deliveries" actions={<RefreshButton busy={list.isRefetching} onRefresh={list.refetch} />}>
      <Group mb="sm">
        <SegmentedControl
          aria-label="State"
          size="sm"
          data={filters}
          value={state}
          onChange={(value) => setSearch(value ? { state: value } : {}, { replace: true })}
        />
      </Group>
      <PagedList
        what="deliveries"
        list={list}
        empty={<NoDeliveries state={state} />}
        head={
          <tr>
            <th scope="col">Activity</th>
            <th scope="col">State</th>
            <th scope="col" className="wide-only">
              Receiver
            </th>
            <th scope="col" className="wide-only">
              Outcome
            </th>
            <th scope="col" className="wide-only end">
              Took
            </th>
            <th scope="col" className="wide-only end">
              Logged
            </th>
          </tr>
        }
        row={(delivery) => <DeliveryRow key={delivery.id} delivery={delivery} />}
      />
    </Page>
  );
}

function NoDeliveries({ state }: { state: DeliveryState | '' }) {
  if (state) return <Empty title={`No ${state} deliveries`}>Choose another state to see more.</Empty>;
  return (
    <Empty title="No deliveries yet">
      There is one for each logged activity whose type has webhooks enabled.
    </Empty>
  );
}

function DeliveryRow({ delivery }: { delivery: Delivery }) {
  const last = delivery.attempts.at(-1);
  return (
    <OpeningRow
      title={delivery.activity_object.name}
      subtitle={<When at={delivery.created_at} />}
      columns={6}
      detail={() => <DeliveryDetail delivery={delivery} />}
    >
      <td>
        <StateTag state={delivery.state} />
      </td>
      <td className="wide-only breaks host">{hostOf(delivery.url)}</td>
      <td className="wide-only whole">{outcomeOf(last)}</td>
      <td className="wide-only end numbers">{last ? duration(last.timings.total_us) : ''}</td>
      <td className="wide-only end">
        <When at={delivery.created_at} />
      </td>
    </OpeningRow>
  );
}

// Failure notifications, newest first: one for each delivery that failed.
import { Loader } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import type { Notification } from '../api/client';
import { deliveryQuery, notificationsQuery } from '../api/queries';
import { causeOf, inSentence } from '../parts/Attempts';
import { DeliveryDetail } from '../parts/DeliveryDetail';
import { OpeningRow, PagedList, RefreshButton } from '../parts/PagedList';
import { Page } from '../parts/Page';
import { Empty, ErrorNotice } from '../parts/states';
import { Tag } from '../parts/Tag';
import { When } from '../parts/time';
import { hostOf } from '../parts/urls';

export function Notifications() {
  const list = useInfiniteQuery(notificationsQuery);
  return (
    <Page title="Notifications" actions={<RefreshButton busy={list.isRefetching} onRefresh={list.refetch} />}>
      <PagedList
        what="notifications"
        list={list}
        empty={<Empty title="No notifications">Every delivery that has finished was successful.</Empty>}
        head={
          <tr>
            <th scope="col">Activity</th>
            <th scope="col">Cause</th>
            <th scope="col" className="wide-only">
              Receiver
            </th>
            <th scope="col" className="wide-only">
              What went wrong
            </th>
            <th scope="col" className="wide-only end">
              When
            </th>
          </tr>
        }
        row={(notification) => <NotificationRow key={notification.id} notification={notification} />}
      />
    </Page>
  );
}

function NotificationRow({ notification }: { notification: Notification }) {
  const { activity_object: activity, status, error_class: errorClass, detail, url } = notification;
  return (
    <OpeningRow
      title={activity.name}
      subtitle={<When at={notification.created_at} />}
      columns={5}
      detail={() => <Details deliveryId={notification.delivery_id} />}
    >
      <td>
        <Tag tone="bad">{status === null ? causeOf(errorClass) : `Status ${status}`}</Tag>
      </td>
      <td className="wide-only breaks host">{hostOf(url)}</td>
      <td className="wide-only breaks">{inSentence(detail)}</td>
      <td className="wide-only end">
        <When at={notification.created_at} />
      </td>
    </OpeningRow>
  );
}

function Details({ deliveryId }: { deliveryId: string }) {
  const delivery = useQuery(deliveryQuery(deliveryId));
  if (delivery.isPending) return <Loader type="dots" aria-label="Loading the delivery" />;
  if (!delivery.data) {
    return (
      <ErrorNotice
        title="The delivery could not be loaded"
        error={delivery.error}
        onRetry={delivery.refetch}
      />
    );
  }
  return <DeliveryDetail delivery={delivery.data} />;
}

// Every question that the pages ask, with its cache key.
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query';
import { answered, api, dataOf, type ActivityObject, type DeliveryState } from './client';

export const sessionQuery = queryOptions({
  queryKey: ['session'],
  queryFn: ({ signal }) => dataOf(api.GET('/api/session', { signal })),
  staleTime: 5 * 60_000,
});

export const keysKey = ['keys'] as const;

export const keysQuery = infiniteQueryOptions({
  queryKey: keysKey,
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    dataOf(api.GET('/api/keys', { params: { query: { limit: 50, cursor: pageParam } }, signal })),
  getNextPageParam: (page) => page.next ?? undefined,
});

export const sessionsKey = ['sessions'] as const;

export const sessionsQuery = queryOptions({
  queryKey: sessionsKey,
  queryFn: async ({ signal }) => (await dataOf(api.GET('/api/sessions', { signal }))).results,
});

export const activitiesKey = ['activities'] as const;

/** All Activity Objects. There are tens of them, seldom hundreds, and the filter is over all. */
export const activitiesQuery = queryOptions({
  queryKey: activitiesKey,
  queryFn: async ({ signal }) => {
    const all: ActivityObject[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: 200, cursor };
      const page = await dataOf(api.GET('/api/activities/objects', { params: { query }, signal }));
      all.push(...page.results);
      cursor = page.next ?? undefined;
    } while (cursor);
    return all;
  },
});

export const activityKey = (id: string) => ['activity', id] as const;

/** One Activity Object with the version that a change of it must name. */
export const activityQuery = (id: string) =>
  queryOptions({
    queryKey: activityKey(id),
    queryFn: async ({ signal }) => {
      const call = api.GET('/api/activities/objects/{id}', { params: { path: { id } }, signal });
      const { data, response } = await answered(call);
      return { object: data, etag: response.headers.get('ETag') ?? '' };
    },
    // Never behind the back of somebody who is typing: saving under a version that was not seen would undo it unseen.
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  });

export const contactsQuery = (search: string) =>
  queryOptions({
    queryKey: ['contacts', search],
    queryFn: ({ signal }) =>
      dataOf(
        api.POST('/api/records/{object}/search', {
          params: { path: { object: 'contacts' } },
          body: { search, page: 1, page_size: 20 },
          signal,
        }),
      ),
    staleTime: 30_000,
  });

/** The delivery that a Logged Activity caused; null until it is there. */
export const deliveryOfQuery = (loggedActivityId: string) =>
  queryOptions({
    queryKey: ['deliveries', 'of', loggedActivityId],
    queryFn: async ({ signal }) => {
      const query = { logged_activity_id: loggedActivityId, limit: 1 };
      const page = await dataOf(api.GET('/api/webhooks/deliveries', { params: { query }, signal }));
      return page.results[0] ?? null;
    },
  });

export const deliveryQuery = (id: string) =>
  queryOptions({
    queryKey: ['deliveries', 'one', id],
    queryFn: ({ signal }) =>
      dataOf(api.GET('/api/webhooks/deliveries/{id}', { params: { path: { id } }, signal })),
  });

export interface DeliveryFilter {
  state?: DeliveryState;
  logged_activity_id?: string;
}

export const deliveriesQuery = (filter: DeliveryFilter) =>
  infiniteQueryOptions({
    queryKey: ['deliveries', 'list', filter],
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => {
      const query = { ...filter, limit: 50, cursor: pageParam };
      return dataOf(api.GET('/api/webhooks/deliveries', { params: { query }, signal }));
    },
    getNextPageParam: (page) => page.next ?? undefined,
  });

export const notificationsQuery = infiniteQueryOptions({
  queryKey: ['notifications'],
  initialPageParam: undefined as string | undefined,
  queryFn: ({ pageParam, signal }) =>
    dataOf(api.GET('/api/notifications', { params: { query: { limit: 50, cursor: pageParam } }, signal })),
  getNextPageParam: (page) => page.next ?? undefined,
});

// One's own things: ids to copy, Businesses, API keys, sessions, password.
import { Button, Stack } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, dataOf, type Session } from '../api/client';
import { sentence } from '../api/problem';
import { sessionQuery } from '../api/queries';
import { Copy } from '../parts/Copy';
import { Page } from '../parts/Page';
import { say } from '../parts/say';
import { Section } from '../parts/Section';
import { ErrorNotice, FormSkeleton } from '../parts/states';
import { Tag } from '../parts/Tag';
import { ProfileKeys } from './ProfileKeys';
import { ProfilePassword } from './ProfilePassword';
import { ProfileSessions } from './ProfileSessions';

export function Profile() {
  const session = useQuery(sessionQuery);
  return (
    <Page title="Profile">
      {session.isPending ? (
        <FormSkeleton label="Loading your profile" />
      ) : !session.data ? (
        <ErrorNotice
          title="Your profile could not be loaded"
          error={session.error}
          onRetry={session.refetch}
        />
      ) : (
        <Stack gap="xl">
          <Who session={session.data} />
          {session.data.businesses.length > 1 && <Businesses session={session.data} />}
          <ProfileKeys session={session.data} />
          <ProfileSessions />
          <ProfilePassword session={session.data} />
        </Stack>
      )}
    </Page>
  );
}

function Who({ session }: { session: Session }) {
  const { user, business, employee_id: employee } = session;
  return (
    <section aria-label="You" className="panel">
      <dl className="facts">
        <dt>Name</dt>
        <dd>{user.display_name}</dd>
        <dt>Email</dt>
        <dd>{user.email}</dd>
        <dt>User id</dt>
        <dd>
          <Copy text={user.id} what="your user id" /> <span className="dim">X-USER-ID</span>
        </dd>
        <dt>Business</dt>
        <dd>{business.name}</dd>
        <dt>Business id</dt>
        <dd>
          <Copy text={business.id} what="the Business id" /> <span className="dim">X-BUSINESS-ID</span>
        </dd>
        <dt>Employee id</dt>
        <dd>
          <Copy text={employee} what="your employee id" />
        </dd>
      </dl>
    </section>
  );
}

function Businesses({ session }: { session: Session }) {
  const go = useSwitch();
  return (
    <Section title="Businesses">
      <div className="list-frame">
        <table className="list">
          <thead>
            <tr>
              <th scope="col">Name</th>
              <th scope="col" className="end">
                <span className="only-read">Action</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {session.businesses.map(({ id, name }) => (
              <tr key={id}>
                <td>{name}</td>
                <td className="end">
                  {id === session.business.id ? (
                    <Tag tone="good">You are here</Tag>
                  ) : (
                    <Button
                      variant="default"
                      size="xs"
                      aria-label={`Switch to ${name}`}
                      loading={go.isPending && go.variables === id}
                      onClick={() => go.mutate(id)}
                    >
                      Switch
                    </Button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Section>
  );
}

/** What was loaded is of the other Business: nothing of it may stay. */
function useSwitch() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => dataOf(api.PUT('/api/session', { body: { business_id: id } })),
    onSuccess: (session) => {
      cache.setQueryData(sessionQuery.queryKey, session);
      void cache.resetQueries({ predicate: (query) => query.queryKey[0] !== sessionQuery.queryKey[0] });
      say({ tone: 'good', title: `You work in ${session.business.name} now` });
    },
    onError: (error) => say({ tone: 'bad', title: 'Not switched', text: sentence(error) }),
  });
}

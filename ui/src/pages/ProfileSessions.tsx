// Where one is signed in: listed, ended one by one or all together.
import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router-dom';
import { api, dataOf, type SignedIn } from '../api/client';
import { sentence } from '../api/problem';
import { sessionsKey, sessionsQuery } from '../api/queries';
import { Ask } from '../parts/Ask';
import { say } from '../parts/say';
import { Section } from '../parts/Section';
import { ErrorNotice, ListSkeleton } from '../parts/states';
import { Tag } from '../parts/Tag';
import { When } from '../parts/time';

export function ProfileSessions() {
  const sessions = useQuery(sessionsQuery);
  const [asking, setAsking] = useState(false);
  const everywhere = useSignOutEverywhere();
  const button = (
    <Button variant="default" size="xs" onClick={() => setAsking(true)}>
      Sign out everywhere
    </Button>
  );
  return (
    <Section title="Sessions" actions={button}>
      {sessions.isPending ? (
        <ListSkeleton label="Loading sessions" />
      ) : !sessions.data ? (
        <ErrorNotice
          title="The sessions could not be loaded"
          error={sessions.error}
          onRetry={sessions.refetch}
        />
      ) : (
        <SessionTable sessions={sessions.data} />
      )}
      <Ask
        opened={asking}
        onClose={() => {
          everywhere.reset();
          setAsking(false);
        }}
        title="Sign out everywhere?"
        action="Sign out everywhere"
        busy={everywhere.isPending}
        error={everywhere.error}
        onConfirm={() => everywhere.mutate()}
      >
        All of your sessions end at once, this one too. API keys go on working.
      </Ask>
    </Section>
  );
}

function SessionTable({ sessions }: { sessions: SignedIn[] }) {
  const end = useEnd();
  return (
    <div className="list-frame">
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Browser</th>
            <th scope="col" className="wide-only">
              Address
            </th>
            <th scope="col" className="wide-only">
              Signed in
            </th>
            <th scope="col">Last seen</th>
            <th scope="col" className="end">
              <span className="only-read">Action</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sessions.map((session) => (
            <tr key={session.id}>
              <td className="breaks" title={session.user_agent}>
                {browserOf(session.user_agent)}
                <div className="dim">{session.business_name}</div>
              </td>
              <td className="wide-only breaks">{session.address}</td>
              <td className="wide-only">
                <When at={session.created_at} />
              </td>
              <td>
                <When at={session.last_seen_at} />
              </td>
              <td className="end">
                {session.current ? (
                  <Tag tone="good">This one</Tag>
                ) : (
                  <Button
                    variant="default"
                    size="xs"
                    aria-label={`End the session of ${browserOf(session.user_agent)}`}
                    loading={end.isPending && end.variables === session.id}
                    onClick={() => end.mutate(session.id)}
                  >
                    End
                  </Button>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** "Firefox on Linux": what people know of it; all of it is in the title. */
function browserOf(agent: string): string {
  const browser = /(Edg|OPR|Firefox|Chrome|Safari)[A-Za-z]*\//.exec(agent)?.[1];
  const system = /Windows|Android|iPhone|iPad|Mac OS X|CrOS|Linux/.exec(agent)?.[0];
  const names: Record<string, string> = { Edg: 'Edge', OPR: 'Opera', 'Mac OS X': 'macOS', CrOS: 'ChromeOS' };
  const named = (name: string) => names[name] ?? name;
  if (!browser) return agent || 'Unknown';
  return system ? `${named(browser)} on ${named(system)}` : named(browser);
}

function useEnd() {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (id: string) => dataOf(api.DELETE('/api/sessions/{id}', { params: { path: { id } } })),
    onSuccess: () => say({ tone: 'good', title: 'The session has ended' }),
    onError: (error) => say({ tone: 'bad', title: 'Not ended', text: sentence(error) }),
    onSettled: () => cache.invalidateQueries({ queryKey: sessionsKey }),
  });
}

function useSignOutEverywhere() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: () => dataOf(api.DELETE('/api/sessions')),
    onSuccess: () => {
      navigate('/sign-in', { state: { why: 'everywhere' } });
      cache.clear();
    },
  });
}

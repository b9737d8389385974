// Every Activity Object of the Business, and what happens after one is logged.
import { useRef, useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { Plus, Search, Webhook } from 'lucide-react';
import { Link, useNavigate } from 'react-router-dom';
import type { ActivityObject } from '../api/client';
import { activitiesQuery } from '../api/queries';
import { Page } from '../parts/Page';
import { Empty, ErrorNotice, ListSkeleton } from '../parts/states';
import { Tag } from '../parts/Tag';
import { hostOf } from '../parts/urls';
import { NewActivity } from './NewActivity';

export function Activities() {
  const activities = useQuery(activitiesQuery);
  const [filter, setFilter] = useState('');
  const [making, setMaking] = useState(false);
  const filterBox = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => filterBox.current?.focus()]]);

  const newButton = (
    <Button leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      New activity
    </Button>
  );
  return (
    <Page title="Activities" actions={newButton}>
      <TextInput
        ref={filterBox}
        type="search"
        aria-label="Filter activities"
        aria-keyshortcuts="/"
        placeholder="Filter by name"
        leftSection={<Search size={16} aria-hidden />}
        rightSection={<kbd aria-hidden>/</kbd>}
        value={filter}
        onChange={(event) => setFilter(event.currentTarget.value)}
        onKeyDown={(event) => event.key === 'Escape' && setFilter('')}
        maw="24rem"
        mb="sm"
      />
      {activities.isPending ? (
        <ListSkeleton label="Loading activities" />
      ) : activities.isError ? (
        <ErrorNotice
          title="Activities could not be loaded"
          error={activities.error}
          onRetry={activities.refetch}
        />
      ) : activities.data.length === 0 ? (
        <Empty title="No activities yet">
          <p>An activity is a type of interaction, such as a Sales Call, that people log.</p>
          {newButton}
        </Empty>
      ) : (
        <ActivityTable activities={matching(activities.data, filter)} filter={filter} />
      )}
      <NewActivity opened={making} onClose={() => setMaking(false)} />
    </Page>
  );
}

function matching(activities: ActivityObject[], filter: string): ActivityObject[] {
  const wanted = filter.trim().toLocaleLowerCase();
  return activities.filter(({ name, api_name }) =>
    `${name}\n${api_name}`.toLocaleLowerCase().includes(wanted),
  );
}

function ActivityTable({ activities, filter }: { activities: ActivityObject[]; filter: string }) {
  if (activities.length === 0)
    return <Empty title="Nothing matches">No activity has “{filter}” in its name.</Empty>;
  return (
    <div className="list-frame">
      <table className="list">
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="wide-only">
              API name
            </th>
            <th scope="col" className="wide-only">
              After logging
            </th>
            <th scope="col" className="end">
              Log
            </th>
          </tr>
        </thead>
        <tbody>
          {activities.map((activity) => (
            <ActivityRow key={activity.id} activity={activity} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ActivityRow({ activity }: { activity: ActivityObject }) {
  const navigate = useNavigate();
  const settings = `/activities/${activity.id}`;
  return (
    // The link in the row is what the keyboard uses; the row itself is a larger target for the mouse.
    <tr className="goes" onClick={(event) => isPlain(event.target) && navigate(settings)}>
      <td>
        <Link to={settings} className="name">
          {activity.name}
        </Link>
        <div className="narrow-only dim">
          <code>{activity.api_name}</code>
        </div>
        <div className="narrow-only">
          <AfterLogging activity={activity} />
        </div>
      </td>
      <td className="wide-only dim">
        <code>{activity.api_name}</code>
      </td>
      <td className="wide-only breaks">
        <AfterLogging activity={activity} />
      </td>
      <td className="end">
        <Button
          component={Link}
          to={`${settings}/log`}
          variant="default"
          size="compact-sm"
          aria-label={`Log ${activity.name}`}
        >
          Log
        </Button>
      </td>
    </tr>
  );
}

function isPlain(target: EventTarget): boolean {
  return target instanceof Element && !target.closest('a, button') && !window.getSelection()?.toString();
}

function AfterLogging({ activity }: { activity: ActivityObject }) {
  if (activity.webhooks_enabled) {
    return (
      <span>
        <Tag tone="good">
          <Webhook size={12} aria-hidden />
          Webhooks enabled
        </Tag>{' '}
        <span className="dim">to {hostOf(activity.webhook_url)}</span>
      </span>
    );
  }
  return (
    <span className="dim">
      {activity.redirect_url ? `Redirects to ${hostOf(activity.redirect_url)}` : 'Stays on the page'}
    </span>
  );
}

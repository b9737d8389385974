// The settings of an activity: its name, and what happens after one is logged.
import { useQuery } from '@tanstack/react-query';
import { Button } from '@mantine/core';
import { Link, useParams } from 'react-router-dom';
import { activityQuery } from '../api/queries';
import { Page } from '../parts/Page';
import { ErrorNotice, FormSkeleton } from '../parts/states';
import { SettingsForm } from './SettingsForm';

export function ActivitySettings() {
  const { id = '' } = useParams();
  const activity = useQuery(activityQuery(id));
  const logButton = activity.data && (
    <Button component={Link} to={`/activities/${id}/log`} variant="default">
      Log
    </Button>
  );
  return (
    <Page
      title={activity.data ? `${activity.data.object.name}: settings` : 'Settings'}
      back={{ to: '/', label: 'Activities' }}
      actions={logButton}
    >
      {activity.isPending ? (
        <FormSkeleton label="Loading settings" />
      ) : activity.data ? (
        <SettingsForm key={id} object={activity.data.object} etag={activity.data.etag} />
      ) : (
        <ErrorNotice title="Settings could not be loaded" error={activity.error} onRetry={activity.refetch} />
      )}
    </Page>
  );
}

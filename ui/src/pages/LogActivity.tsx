// Logs an activity, then shows live what becomes of its webhook.
import { useEffect, useRef, useState, type FormEvent } from 'react';
import { Anchor, Button, Group, Stack, Textarea } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link, useParams } from 'react-router-dom';
import { api, dataOf, type ActivityObject, type Contact } from '../api/client';
import { asApiError } from '../api/problem';
import { activityQuery } from '../api/queries';
import { Page } from '../parts/Page';
import { ErrorNotice, FormSkeleton } from '../parts/states';
import { ContactPicker } from './ContactPicker';
import { LoggedPanel } from './LoggedPanel';

export function LogActivity() {
  const { id = '' } = useParams();
  const activity = useQuery(activityQuery(id));
  const settingsLink = activity.data && (
    <Anchor component={Link} to={`/activities/${id}`} size="sm">
      Settings
    </Anchor>
  );
  return (
    <Page
      title={activity.data ? `Log ${activity.data.object.name}` : 'Log an activity'}
      back={{ to: '/', label: 'Activities' }}
      actions={settingsLink}
    >
      {activity.isPending ? (
        <FormSkeleton label="Loading the form" />
      ) : activity.data ? (
        <LogOne key={id} activity={activity.data.object} />
      ) : (
        <ErrorNotice title="The form could not be loaded" error={activity.error} onRetry={activity.refetch} />
      )}
    </Page>
  );
}

function LogOne({ activity }: { activity: ActivityObject }) {
  const log = useMutation({
    mutationFn: (filled: { contacts: Contact[]; notes: string }) =>
      dataOf(
        api.POST('/api/activities/logged', {
          body: {
            activity_object_id: activity.id,
            notes: filled.notes,
            mentions: [],
            associated_entities: filled.contacts.map((contact) => ({ id: contact.id })),
          },
        }),
      ),
  });
  const [again, setAgain] = useState(false);
  const another = () => {
    setAgain(true);
    log.reset();
  };
  if (log.data) return <LoggedPanel logged={log.data} onAnother={another} />;
  return (
    <LogForm activity={activity} again={again} log={log.mutate} busy={log.isPending} error={log.error} />
  );
}

interface LogFormProps {
  activity: ActivityObject;
  /** Whether one was logged just before: the keyboard then goes to the first field. */
  again: boolean;
  log: (filled: { contacts: Contact[]; notes: string }) => void;
  busy: boolean;
  error: unknown;
}

function LogForm({ activity, again, log, busy, error }: LogFormProps) {
  const [contacts, setContacts] = useState<Contact[]>([]);
  const [notes, setNotes] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const refusal = asApiError(error);
  const aboutRecords = activity.association_mode === 'one_or_more';

  useEffect(() => {
    if (again) form.current?.querySelector<HTMLElement>('input, textarea')?.focus();
  }, [again]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!busy) log({ contacts, notes });
  };
  return (
    <form ref={form} onSubmit={submit} noValidate className="narrow-column">
      <Stack gap="lg">
        {aboutRecords && (
          <ContactPicker
            chosen={contacts}
            onChange={setContacts}
            error={refusal?.field('/associated_entities')}
          />
        )}
        <Textarea
          label="Notes"
          autosize
          minRows={4}
          maxRows={16}
          maxLength={10_000}
          value={notes}
          onChange={(event) => setNotes(event.currentTarget.value)}
          error={refusal?.field('/notes')}
        />
        {error !== null && !refusal?.isOnlyAbout(['/associated_entities', '/notes']) && (
          <ErrorNotice title={refusal?.status === 0 ? 'No answer came' : 'Not logged'} error={error}>
            {refusal?.status === 0 &&
              ' It may have been logged all the same: look at Deliveries before you log it again.'}
          </ErrorNotice>
        )}
        <Group>
          <Button type="submit" loading={busy}>
            Log activity
          </Button>
          <span className="dim small">
            {activity.webhooks_enabled ? 'Sends a webhook.' : 'Sends no webhook: this activity redirects.'}
          </span>
        </Group>
      </Stack>
    </form>
  );
}

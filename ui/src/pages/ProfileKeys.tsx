// One's own API keys: listed, made (the key itself is shown once), revoked.
import { useState, type FormEvent } from 'react';
import { Button, Checkbox, Group, Stack, Text, TextInput } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { api, dataOf, type Key, type NewKey, type Session } from '../api/client';
import { asApiError } from '../api/problem';
import { keysKey, keysQuery } from '../api/queries';
import { Ask } from '../parts/Ask';
import { Copy } from '../parts/Copy';
import { Dialog } from '../parts/Dialog';
import { PagedList } from '../parts/PagedList';
import { say } from '../parts/say';
import { Section } from '../parts/Section';
import { Empty, ErrorNotice } from '../parts/states';
import { Tag } from '../parts/Tag';
import { When } from '../parts/time';

export function ProfileKeys({ session }: { session: Session }) {
  const list = useInfiniteQuery(keysQuery);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState<string | null>(null);
  const [revoked, setRevoked] = useState<Key | null>(null);
  const newButton = (
    <Button size="xs" leftSection={<Plus size={16} aria-hidden />} onClick={() => setMaking(true)}>
      New key
    </Button>
  );
  return (
    <Section title="API keys" actions={newButton}>
      <PagedList
        what="keys"
        list={list}
        empty={
          <Empty title="No API keys">With a key a program works in your name, and may what you may.</Empty>
        }
        head={
          <tr>
            <th scope="col">Name</th>
            <th scope="col" className="wide-only">
              May
            </th>
            <th scope="col" className="wide-only">
              Last used
            </th>
            <th scope="col" className="wide-only">
              Expires
            </th>
            <th scope="col" className="end">
              <span className="only-read">Action</span>
            </th>
          </tr>
        }
        row={(key) => <KeyRow key={key.id} row={key} session={session} onRevoke={() => setRevoked(key)} />}
      />
      <Dialog opened={making} onClose={() => setMaking(false)} title="New API key">
        <NewKeyForm
          session={session}
          onClose={() => setMaking(false)}
          onMade={(secret) => {
            setMaking(false);
            setMade(secret);
          }}
        />
      </Dialog>
      <Dialog opened={made !== null} onClose={() => setMade(null)} title="Your new API key" firm>
        <Text size="sm" mb="sm">
          It is shown this once, and kept nowhere: copy it to where it is needed.
        </Text>
        <div className="request">
          <Copy text={made ?? ''} what="the key" />
        </div>
        <Group justify="flex-end" mt="lg">
          <Button onClick={() => setMade(null)}>Done</Button>
        </Group>
      </Dialog>
      <Revoke shown={revoked} onClose={() => setRevoked(null)} />
    </Section>
  );
}

function KeyRow({ row, session, onRevoke }: { row: Key; session: Session; onRevoke: () => void }) {
  const where = session.businesses.find(({ id }) => id === row.business_id)?.name;
  const expired = row.expires_at !== null && new Date(row.expires_at) <= new Date();
  return (
    <tbody>
      <tr>
        <td>
          <strong>{row.name}</strong> {row.prefix && <code className="dim">{row.prefix}…</code>}
          <div className="narrow-only dim">{row.read_only ? 'only read' : 'read and write'}</div>
        </td>
        <td className="wide-only">
          {row.read_only ? 'only read' : 'read and write'}
          {row.business_id && <div className="dim">in {where ?? 'another Business'}</div>}
        </td>
        <td className="wide-only">{row.last_used_at ? <When at={row.last_used_at} /> : 'never'}</td>
        <td className="wide-only">
          {expired ? (
            <Tag tone="bad">Expired</Tag>
          ) : row.blocked ? (
            <Tag tone="wait">Ended here</Tag>
          ) : row.expires_at ? (
            <When at={row.expires_at} />
          ) : (
            'never'
          )}
        </td>
        <td className="end">
          <Button variant="default" size="xs" aria-label={`Revoke the key ${row.name}`} onClick={onRevoke}>
            Revoke
          </Button>
        </td>
      </tr>
    </tbody>
  );
}

interface NewKeyFormProps {
  session: Session;
  onClose: () => void;
  onMade: (secret: string) => void;
}

function NewKeyForm({ session, onClose, onMade }: NewKeyFormProps) {
  const [name, setName] = useState('');
  const [reads, setReads] = useState(false);
  const [here, setHere] = useState(false);
  const [until, setUntil] = useState('');
  const [missing, setMissing] = useState(false);
  const make = useMake(onMade);
  const refusal = asApiError(make.error);
  const aboutName = refusal?.field('/name');
  const aboutUntil = refusal?.field('/expires_at');

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(!name.trim());
    if (!name.trim() || make.isPending) return;
    make.mutate({
      name: name.trim(),
      read_only: reads,
      ...(here && { business_id: session.business.id }),
      // The whole of that day, where the person is.
      ...(until && { expires_at: new Date(`${until}T23:59:59`).toISOString() }),
    });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="md">
        <TextInput
          label="Name"
          description="What it is for, such as the program that has it."
          maxLength={100}
          value={name}
          onChange={(event) => {
            setName(event.currentTarget.value);
            setMissing(false);
          }}
          error={missing ? 'Enter a name.' : aboutName}
          data-autofocus
          required
        />
        <Checkbox
          label="May only read"
          checked={reads}
          onChange={(event) => setReads(event.currentTarget.checked)}
        />
        <Checkbox
          label={`Works only in ${session.business.name}`}
          checked={here}
          onChange={(event) => setHere(event.currentTarget.checked)}
        />
        <TextInput
          label="Expires"
          description="Optional. The last day on which it works."
          type="date"
          value={until}
          onChange={(event) => setUntil(event.currentTarget.value)}
          error={aboutUntil}
        />
        {make.isError && !aboutName && !aboutUntil && <ErrorNotice title="Not made" error={make.error} />}
      </Stack>
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Make the key
        </Button>
      </Group>
    </form>
  );
}

function useMake(onMade: (secret: string) => void) {
  const cache = useQueryClient();
  return useMutation({
    mutationFn: (body: NewKey) => dataOf(api.POST('/api/keys', { body })),
    onSuccess: ({ key }) => {
      void cache.invalidateQueries({ queryKey: keysKey });
      onMade(key);
    },
    gcTime: 0, // the key itself
  });
}

function Revoke({ shown, onClose }: { shown: Key | null; onClose: () => void }) {
  const cache = useQueryClient();
  const revoke = useMutation({
    mutationFn: (key: Key) =>
      dataOf(api.DELETE('/api/keys/{key_id}', { params: { path: { key_id: key.id } } })),
    onSuccess: (_, key) => {
      void cache.invalidateQueries({ queryKey: keysKey });
      say({ tone: 'good', title: `The key ${key.name} works no more` });
      onClose();
    },
  });
  return (
    <Ask
      opened={shown !== null}
      onClose={() => {
        revoke.reset();
        onClose();
      }}
      title={`Revoke the key ${shown?.name ?? ''}?`}
      action="Revoke"
      busy={revoke.isPending}
      error={revoke.error}
      onConfirm={() => shown && revoke.mutate(shown)}
    >
      Whatever uses it stops working at once. This cannot be undone.
    </Ask>
  );
}

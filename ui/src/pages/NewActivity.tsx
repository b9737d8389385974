import { useState, type FormEvent } from 'react';
import { Button, Group, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router-dom';
import { api, dataOf } from '../api/client';
import { asApiError } from '../api/problem';
import { activitiesKey } from '../api/queries';
import { Dialog } from '../parts/Dialog';
import { say } from '../parts/say';
import { ErrorNotice } from '../parts/states';

/** Asks for a name, makes the Activity Object, and goes on to its settings. */
export function NewActivity({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Dialog opened={opened} onClose={onClose} title="New activity">
      <NewActivityForm onClose={onClose} />
    </Dialog>
  );
}

function NewActivityForm({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [missing, setMissing] = useState(false);
  const make = useMake();
  const refusal = asApiError(make.error);
  const aboutName = refusal?.field('/name');

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setMissing(!name.trim());
    if (name.trim() && !make.isPending) make.mutate(name.trim());
  };
  return (
    <form onSubmit={submit} noValidate>
      <TextInput
        label="Name"
        description="What people call it, such as Sales Call. The API name is derived from it."
        maxLength={100}
        value={name}
        onChange={(event) => {
          setName(event.currentTarget.value);
          setMissing(false);
          make.reset();
        }}
        error={missing ? 'Enter a name.' : aboutName}
        data-autofocus
        required
      />
      {make.isError && !aboutName && (
        <div style={{ marginTop: '0.75rem' }}>
          <ErrorNotice title="Not created" error={make.error} />
        </div>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button type="submit" loading={make.isPending}>
          Create
        </Button>
      </Group>
    </form>
  );
}

function useMake() {
  const cache = useQueryClient();
  const navigate = useNavigate();
  return useMutation({
    mutationFn: (name: string) => dataOf(api.POST('/api/activities/objects', { body: { name } })),
    onSuccess: (made) => {
      void cache.invalidateQueries({ queryKey: activitiesKey });
      say({ tone: 'good', title: `${made.name} created` });
      navigate(`/activities/${made.id}`);
    },
  });
}

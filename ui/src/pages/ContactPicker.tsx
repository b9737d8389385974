import { useState } from 'react';
import { Loader, MultiSelect, Text, type ComboboxItem } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { Contact } from '../api/client';
import { sentence } from '../api/problem';
import { contactsQuery } from '../api/queries';

interface ContactPickerProps {
  chosen: Contact[];
  onChange: (chosen: Contact[]) => void;
  error?: string;
}

/** Finds contacts on the server while one types; arrows move, Enter takes, Backspace removes the last. */
export function ContactPicker({ chosen, onChange, error }: ContactPickerProps) {
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), 200);
  const found = useQuery({ ...contactsQuery(search), placeholderData: keepPreviousData });
  const waiting = found.isFetching || typed.trim() !== search;

  const known = new Map([...(found.data?.results ?? []), ...chosen].map((contact) => [contact.id, contact]));
  const take = (ids: string[]) => {
    onChange(ids.flatMap((id) => known.get(id) ?? []));
    setTyped('');
  };
  return (
    <MultiSelect
      label="Contacts"
      description="Who it is about. Type the start of a name or an email address."
      placeholder={chosen.length === 0 ? 'Search contacts' : undefined}
      data={[...known.values()].map(({ id, display_name }) => ({ value: id, label: display_name }))}
      value={chosen.map(({ id }) => id)}
      onChange={take}
      searchable
      searchValue={typed}
      onSearchChange={setTyped}
      filter={({ options }) => options}
      renderOption={({ option }) => <Option option={option} contact={known.get(option.value)} />}
      selectFirstOptionOnChange
      hidePickedOptions
      comboboxProps={{ withinPortal: false }}
      maxValues={100}
      rightSection={waiting ? <Loader size="xs" aria-label="Searching" /> : undefined}
      nothingFoundMessage={
        waiting ? 'Searching…' : found.isError ? sentence(found.error) : 'No contact matches'
      }
      error={error}
    />
  );
}

interface OptionProps {
  option: ComboboxItem;
  contact: Contact | undefined;
}

function Option({ option, contact }: OptionProps) {
  return (
    <div>
      {option.label}
      {contact?.email && (
        <Text size="xs" className="option-more">
          {contact.email}
        </Text>
      )}
    </div>
  );
}

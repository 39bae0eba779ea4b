import { Select } from 'antd';

interface TagsFieldProps {
  id?: string;
  value?: string[];
  onChange?: (value: string[]) => void;
  label?: string;
}

/** Short texts, each entered with Enter, or pasted with spaces, commas or line breaks between them. */
export function TagsField({ id, value, onChange, label }: TagsFieldProps) {
  return (
    <Select
      id={id}
      aria-label={label}
      mode="tags"
      open={false}
      suffixIcon={null}
      tokenSeparators={[' ', ',', ';', '\n']}
      value={value ?? []}
      onChange={onChange}
    />
  );
}

import { Select } from 'antd';

interface TagsFieldProps {
  id?: string;
  value?: string[];
  onChange?: (value: string[]) => void;
  label?: string;
}

/** An input for short texts: press Enter after each, or paste several separated by spaces, commas or line breaks. */
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

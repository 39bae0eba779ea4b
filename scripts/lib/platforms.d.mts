export interface Platform {
  target: string;
  platform: string;
  arch: string;
  abi?: string;
  file: string;
}
export function platformOf(target: string): Platform;
export const platforms: Platform[];
export function checkAddon(file: string, platform: Platform): string | undefined;

import { Readable } from 'node:stream';
import type PluginFileManagerServer from '@nocobase/plugin-file-manager';
import type { StorageModel } from '@nocobase/plugin-file-manager';

/** A file in memory that is to be saved in a storage of NocoBase's file manager. */
export interface NewFile {
  originalname: string;
  mimetype: string;
  content: Buffer;
}

/**
 * Saves a file in a storage, as NocoBase's own upload does, with the bytes in memory as the stream. The file manager's public
 * `createFileRecord` would need a file on disk under the sender's name, and doesn't know the rules of a storage.
 *
 * Calls `_handleFile`, the interface between multer and the storage's engine. Verified with NocoBase 2.2.15. Fallback: throws where
 * it doesn't exist; the request is then answered 503 and nothing is stored.
 *
 * @returns what NocoBase's record of the file has to hold
 */
export async function saveInStorage(
  manager: PluginFileManagerServer,
  storage: StorageModel,
  { content, ...described }: NewFile,
): Promise<object> {
  const type = storageType(manager, storage);
  const file = { ...described, size: content.length, stream: Readable.from([content]) };
  const info = await new Promise<object>((resolve, reject) => {
    type
      .make()
      ._handleFile({} as never, file as never, (error, stored) =>
        error ? reject(error as Error) : resolve(stored ?? {}),
      );
  });
  return type.getFileData({ ...file, ...info });
}

/** Deletes a file from a storage. */
export async function deleteFromStorage(
  manager: PluginFileManagerServer,
  storage: StorageModel,
  record: object,
): Promise<void> {
  await storageType(manager, storage).delete([record as never]);
}

function storageType(manager: PluginFileManagerServer, storage: StorageModel) {
  const Type = manager.storageTypes.get(storage.type);
  return new Type(storage);
}

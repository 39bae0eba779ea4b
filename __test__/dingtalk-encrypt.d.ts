declare module 'dingtalk-encrypt' {
  export default class DingTalkEncryptor {
    constructor(token: string, encodingAesKey: string, receiveId: string);
    getEncryptedMap(
      plaintext: string,
      timestamp: string,
      nonce: string,
    ): { msg_signature: string; encrypt: string; timeStamp: string; nonce: string };
    getSignature(token: string, timestamp: string, nonce: string, encrypted: string): string;
    getDecryptMsg(signature: string, timestamp: string, nonce: string, encrypted: string): string;
  }
}

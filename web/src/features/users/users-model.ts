/** As the API takes it. */
export const isLogin = (text: string): boolean => /^[\p{L}\p{N}._\-@+]{1,64}$/u.test(text) && text !== 'me'

export const isEmail = (text: string): boolean => text === '' || /^[^\s@]+@[^\s@]+$/.test(text)

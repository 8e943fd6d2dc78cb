export interface SignUpFields {
  name: string;
  business_name: string;
  email: string;
  password: string;
}

export type SignUpProblems = Partial<Record<keyof SignUpFields, string>>;

/** Finds what can be known to be wrong before the server is asked. */
export function checkSignUp(fields: SignUpFields): SignUpProblems {
  const missing = 8 - Array.from(fields.password).length;
  return {
    ...(!fields.name && { name: "Write your name." }),
    ...(!fields.business_name && { business_name: "Write the name of your business." }),
    ...(!fields.email && { email: "Write your e-mail address." }),
    ...(fields.email &&
      !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(fields.email) && {
        email: "This is not a whole address. It looks like name@example.com.",
      }),
    ...(missing > 0 && {
      password:
        missing === 8
          ? "Choose a password of 8 characters or more."
          : `${missing} more ${missing === 1 ? "character is" : "characters are"} needed.`,
    }),
  };
}

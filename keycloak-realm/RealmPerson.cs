namespace KeycloakRealm;

/// <summary>A person of the realm, for a developer: who can sign in, and with what.</summary>
/// <param name="Username">The user name, in lower case.</param>
/// <param name="Password">The password as the file has it; null if it has none or only a hash.</param>
/// <param name="DisplayName">First and last name, or the user name where there is none.</param>
/// <param name="Enabled">Whether the account is enabled.</param>
/// <param name="Roles">
/// The effective roles in short: realm roles by name, client roles as <c>client/role</c>, without the default ones.
/// </param>
public sealed record RealmPerson(string Username, string? Password, string DisplayName, bool Enabled, string Roles);

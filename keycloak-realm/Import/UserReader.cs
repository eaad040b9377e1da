using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal sealed class UserReader(Realm realm, KnownFields known, PasswordPolicy policy, bool sharedEmails, List<string> warnings)
{
    private static readonly HashSet<string> GroupFields = new(
        [
            "id", "name", "path", "description", "attributes", "realmRoles", "clientRoles", "subGroups", "access", "subGroupCount",
            "parentId",
        ],
        StringComparer.Ordinal);

    private static readonly HashSet<string> UserFields = new(
        ["id", "username", "enabled", "email", "emailVerified", "firstName", "lastName", "attributes", "credentials", "requiredActions",
            "realmRoles", "clientRoles", "groups", "serviceAccountClientId", "notBefore", "createdTimestamp", "totp", "access",
            "disableableCredentialTypes", "origin", "self", "clientConsents"],
        StringComparer.Ordinal);

    private static readonly HashSet<string> CredentialFields = new(
        ["id", "type", "value", "temporary", "secretData", "credentialData", "createdDate", "userLabel", "priority",
            "hashedSaltedValue", "salt", "hashIterations", "algorithm", "digits", "counter", "period", "config", "device"],
        StringComparer.Ordinal);

    public void ReadGroup(JsonPlace place, Group? parent)
    {
        known.Check(place, "group", GroupFields, warnings);
        if (place.Text("name") is not { } name)
        {
            // Keycloak creates a group that no path leads to.
            warnings.Add($"{place.Path} has no \"name\", and no path leads to it");
            return;
        }

        var siblings = parent?.SubGroups ?? realm.Groups;
        if (siblings.Exists(other => string.Equals(other.Name, name, StringComparison.Ordinal)))
        {
            throw place.Refuse($"the group {name} is there twice");
        }

        var group = new Group
        {
            Id = place.Text("id") ?? StableId.For(realm.Name, "group", $"{parent?.Path}/{name}"),
            Name = name,
            Parent = parent,
            Attributes = place.TextListMap("attributes"),
        };
        siblings.Add(group);
        ReadRoles(place, group.Roles);
        foreach (var child in place.Items("subGroups"))
        {
            ReadGroup(child, group);
        }
    }

    public void ReadUser(JsonPlace place)
    {
        known.Check(place, "user", UserFields, warnings);
        var username = place.Text("username")?.ToLowerInvariant();
        if (string.IsNullOrEmpty(username))
        {
            throw place.Refuse("a user without \"username\"");
        }

        var email = place.Text("email")?.ToLowerInvariant();
        var user = new User
        {
            Id = place.Text("id") ?? StableId.For(realm.Name, "user", username),
            Username = username,
            Email = string.IsNullOrEmpty(email) ? null : email,
            EmailVerified = place.Flag("emailVerified", absent: false),
            FirstName = NullIfEmpty(place.Text("firstName")),
            LastName = NullIfEmpty(place.Text("lastName")),
            Enabled = place.Flag("enabled", absent: false),
            NotBefore = place.Number("notBefore", 0),
            CreatedTimestamp = long.TryParse(
                place.Text("createdTimestamp"), NumberStyles.Integer, CultureInfo.InvariantCulture, out var created)
                ? created
                : 0,
            Attributes = place.TextListMap("attributes"),
        };
        if (!realm.Users.TryAdd(username, user))
        {
            throw place.Refuse($"the user {username} is there twice");
        }

        if (username.Length > 255)
        {
            throw place.Member("username")!.Value.Refuse("the name is longer than 255 characters");
        }

        if (realm.Users.Values.Any(other => other != user && string.Equals(other.Id, user.Id, StringComparison.Ordinal)))
        {
            throw place.Refuse($"the id {user.Id} belongs to two users");
        }

        if (!sharedEmails
            && user.Email is not null
            && realm.Users.Values.Any(other => other != user && string.Equals(other.Email, user.Email, StringComparison.Ordinal)))
        {
            throw place.Refuse($"the e-mail address {user.Email} belongs to two users");
        }

        user.RequiredActions.AddRange(place.Texts("requiredActions").Select(RequiredActionReader.NameOf));
        ReadRoles(place, user.Roles);
        foreach (var item in place.Items("groups"))
        {
            user.Groups.Add(realm.FindGroup(item.Text()) ?? throw item.Refuse($"Unable to find group specified by path: {item.Text()}"));
        }

        foreach (var credential in place.Items("credentials"))
        {
            ReadCredential(credential, user);
        }

        foreach (var consent in place.Items("clientConsents"))
        {
            ReadConsent(consent, user);
        }

        if (place.Member("serviceAccountClientId") is { } link)
        {
            var client = realm.FindClient(link.Text())
                ?? throw link.Refuse($"Unable to find client specified for service account link. Client: {link.Text()}");
            if (client.ServiceAccount is not null)
            {
                throw link.Refuse($"More service account linked users found for client={link.Text()}");
            }

            client.ServiceAccount = user;
            user.ServiceAccountOf = client;
        }
    }

    private void ReadConsent(JsonPlace place, User user)
    {
        var client = realm.FindClient(place.Text("clientId"))
            ?? throw place.Refuse($"Unable to find client consent mappings for client: {place.Text("clientId")}");
        var scopes = new List<string>();
        foreach (var name in place.Items("grantedClientScopes"))
        {
            scopes.Add(realm.ClientScopes.ContainsKey(name.Text())
                ? name.Text()
                : throw name.Refuse(
                    $"Unable to find client scope referenced in consent mappings of user. Client scope name: {name.Text()}"));
        }

        // As in Keycloak, an imported consent is as old as the import.
        user.Consents[client.Id] = new Consent(client, scopes, 0, 0);
    }

    private static string? NullIfEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    /// <summary>As in Keycloak, a missing role is created without a warning.</summary>
    private void ReadRoles(JsonPlace place, HashSet<RealmRole> roles)
    {
        foreach (var name in place.Texts("realmRoles"))
        {
            roles.Add(FindOrAdd(realm.Roles, name, client: null));
        }

        if (place.Member("clientRoles") is not { } byClient)
        {
            return;
        }

        foreach (var (clientId, names) in byClient.Members())
        {
            var client = realm.FindClient(clientId) ?? throw names.Refuse($"Unable to find client role mappings for client: {clientId}");
            foreach (var name in names.Items())
            {
                roles.Add(FindOrAdd(client.Roles, name.Text(), client));
            }
        }
    }

    private RealmRole FindOrAdd(Dictionary<string, RealmRole> container, string name, Client? client)
    {
        if (!container.TryGetValue(name, out var role))
        {
            role = new RealmRole { Id = StableId.For(realm.Name, "role", $"{client?.ClientId}/{name}"), Name = name, Client = client };
            container.Add(name, role);
        }

        return role;
    }

    private void ReadCredential(JsonPlace place, User user)
    {
        known.Check(place, "credential", CredentialFields, warnings);
        if (place.Text("type") is not ("password" or null))
        {
            warnings.Add($"{place.Path} ({place.Text("type")}) is not honoured: {user.Username} signs in with the password alone");
            return;
        }

        if (place.Text("value") is { Length: > 0 } plain)
        {
            if (!policy.IsMetBy(plain, user))
            {
                throw place.Member("value")!.Value.Refuse($"Password policy not met for user {user.Username}");
            }

            user.Password = Password.FromPlain(plain);
            return;
        }

        if (place.Member("hashedSaltedValue") is { } former)
        {
            user.Password = ReadFormerHash(place, former);
            return;
        }

        var (secretData, credentialData) = (place.Member("secretData"), place.Member("credentialData"));
        if (secretData is null != credentialData is null)
        {
            throw place.Refuse("secretData and credentialData belong together");
        }

        if (secretData is not null && credentialData is not null)
        {
            user.Password = ReadHash(secretData.Value, credentialData.Value);
            if (user.Password is null)
            {
                warnings.Add(
                    $"{place.Path} is hashed otherwise than with PBKDF2 or Argon2: {user.Username} cannot sign in. Give the "
                        + "password as \"value\"");
            }
        }
    }

    /// <summary>As Keycloak before 8 wrote it. With another algorithm than these, nobody signs in with it.</summary>
    private Password? ReadFormerHash(JsonPlace place, JsonPlace value)
    {
        var algorithm = place.Text("algorithm");
        try
        {
            var salt = Convert.FromBase64String(place.Text("salt") ?? "");
            if (AlgorithmOf(algorithm) is { } name && salt.Length > 0)
            {
                var iterations = place.Number("hashIterations", 0);
                return iterations > 0
                    ? Password.FromPbkdf2(Convert.FromBase64String(value.Text()), salt, iterations, name)
                    : throw place.Refuse("a hashed password without \"hashIterations\"");
            }
        }
        catch (FormatException)
        {
            // Keycloak reads the bytes at the first sign-in.
        }

        warnings.Add($"{place.Path} is no hash that Keycloak can compare: nobody can sign in with it. Give the password as \"value\"");
        return null;
    }

    private static HashAlgorithmName? AlgorithmOf(string? name) => name switch
    {
        "pbkdf2" => HashAlgorithmName.SHA1,
        "pbkdf2-sha256" => HashAlgorithmName.SHA256,
        "pbkdf2-sha512" => HashAlgorithmName.SHA512,
        _ => null,
    };

    private static Password? ReadHash(JsonPlace secretData, JsonPlace credentialData)
    {
        try
        {
            using var secret = JsonDocument.Parse(secretData.Text());
            using var data = JsonDocument.Parse(credentialData.Text());
            var hash = Convert.FromBase64String(secret.RootElement.GetProperty("value").GetString()!);
            var salt = Convert.FromBase64String(secret.RootElement.GetProperty("salt").GetString()!);
            var iterations = data.RootElement.GetProperty("hashIterations").GetInt32();
            if (data.RootElement.GetProperty("algorithm").GetString() is "argon2")
            {
                var parameters = data.RootElement.GetProperty("additionalParameters");
                string Setting(string name, string usual) =>
                    parameters.TryGetProperty(name, out var values) ? values[0].GetString()! : usual;
                int Number(string name, string usual) => int.Parse(Setting(name, usual), CultureInfo.InvariantCulture);
                return Password.FromArgon2(hash, salt, new Argon2Settings(
                    Setting("type", "id"), Setting("version", "1.3"), iterations, Number("memory", "7168"), Number("parallelism", "1")));
            }

            return AlgorithmOf(data.RootElement.GetProperty("algorithm").GetString()) is { } name
                ? Password.FromPbkdf2(hash, salt, iterations, name)
                : null;
        }
        catch (FormatException)
        {
            // Keycloak reads the bytes at the first sign-in.
            return null;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw secretData.Refuse("secretData and credentialData must hold the JSON of a hashed password");
        }
    }
}

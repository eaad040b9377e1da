using System.Globalization;
using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

internal sealed class UserReader(Realm realm, KnownFields known, List<string> warnings)
{
    private readonly CredentialReader _credentials = new(realm, known, warnings);

    // Roles of clients that Keycloak makes for a user: it makes them again for the next one, and fails.
    private readonly HashSet<RealmRole> _made = [];

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
        ReadRoles(place, group.Roles, made: null);
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

        if (!realm.DuplicateEmailsAllowed
            && user.Email is not null
            && realm.Users.Values.Any(other => other != user && string.Equals(other.Email, user.Email, StringComparison.Ordinal)))
        {
            throw place.Refuse($"the e-mail address {user.Email} belongs to two users");
        }

        user.RequiredActions.AddRange(place.Texts("requiredActions").Select(RequiredActionReader.NameOf));
        ReadRoles(place, user.Roles, _made);
        foreach (var item in place.Items("groups"))
        {
            user.Groups.Add(realm.FindGroup(item.Text()) ?? throw item.Refuse($"Unable to find group specified by path: {item.Text()}"));
        }

        foreach (var credential in place.Items("credentials"))
        {
            _credentials.Read(credential, user);
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
    private void ReadRoles(JsonPlace place, HashSet<RealmRole> roles, HashSet<RealmRole>? made)
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
                var isNew = !client.Roles.ContainsKey(name.Text());
                var role = FindOrAdd(client.Roles, name.Text(), client);
                if (made?.Contains(role) is true)
                {
                    throw name.Refuse(
                        $"Duplicate resource error: the file's roles lack {role.Name} of {clientId}, and users name it twice");
                }

                roles.Add(role);
                if (isNew)
                {
                    made?.Add(role);
                }
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
}

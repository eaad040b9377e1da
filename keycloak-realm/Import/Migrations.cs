using KeycloakRealm.Model;

namespace KeycloakRealm.Import;

/// <summary>
/// What Keycloak's import changes in a file that an older version wrote, as far as it shows in an answer. Of a file without
/// <c>keycloakVersion</c>, only the roles of administrators are completed.
/// </summary>
internal sealed class Migrations(Realm realm, JsonPlace builtIn, ScopeReader scopes)
{
    private const string AdminClient = "realm-management";

    private static readonly Version NoVersion = new(int.MaxValue, 0, 0);

    /// <summary>A file without a version counts as newer than all, since nothing of it is changed.</summary>
    public static Version VersionOf(JsonPlace file) =>
        file.Text("keycloakVersion") is { Length: > 0 } text ? KeycloakVersion.Parse(text) : NoVersion;

    /// <summary>The clients, roles and service accounts of the file must have been read.</summary>
    public void Apply(Version from)
    {
        CompleteAdminRoles();
        if (from < new Version(2, 3, 0))
        {
            ShowInUserInfo();
        }

        if (from < new Version(3, 0, 0))
        {
            AddAccountLinks();
        }

        if (from < new Version(4, 6, 0))
        {
            Assign("roles", realm.DefaultScopes, client => client.DefaultScopes, alsoKnown: true);
            Assign("web-origins", realm.DefaultScopes, client => client.DefaultScopes, alsoKnown: true);
        }

        if (from < new Version(6, 0, 0))
        {
            Assign("microprofile-jwt", realm.OptionalScopes, client => client.OptionalScopes);
        }

        if (from < new Version(18, 0, 0))
        {
            Assign("acr", realm.DefaultScopes, client => client.DefaultScopes);
        }

        if (from < new Version(25, 0, 0))
        {
            Assign("basic", realm.DefaultScopes, client => client.DefaultScopes);
        }

        if (from < new Version(26, 0, 0))
        {
            UseLightweightTokens();
        }

        if (from < new Version(26, 1, 0))
        {
            Add("service_account");
        }
    }

    private ClientScope? Add(string name)
    {
        if (realm.ClientScopes.TryGetValue(name, out var known))
        {
            return known;
        }

        foreach (var place in builtIn.Items("clientScopes").Where(each => each.Text("name") == name))
        {
            scopes.ReadScope(place);
        }

        return realm.ClientScopes.GetValueOrDefault(name);
    }

    private void Assign(string name, List<ClientScope> usual, Func<Client, List<ClientScope>> of, bool alsoKnown = false)
    {
        var isNew = !realm.ClientScopes.ContainsKey(name);
        if ((!isNew && !alsoKnown) || Add(name) is not { } scope)
        {
            return;
        }

        if (isNew)
        {
            usual.Add(scope);
        }

        foreach (var client in realm.Clients.Values.Where(each => each is { BearerOnly: false, IsSaml: false }))
        {
            if (!client.DefaultScopes.Contains(scope) && !client.OptionalScopes.Contains(scope))
            {
                of(client).Add(scope);
            }
        }
    }

    private void UseLightweightTokens()
    {
        foreach (var clientId in (ReadOnlySpan<string>)["admin-cli", "security-admin-console"])
        {
            if (realm.FindClient(clientId) is { } client)
            {
                client.Attributes = new Dictionary<string, string>(client.Attributes, StringComparer.Ordinal)
                {
                    ["client.use.lightweight.access.token.enabled"] = "true",
                };
            }
        }
    }

    // Whatever the version.
    private void CompleteAdminRoles()
    {
        if (realm.FindClient(AdminClient) is not { } client)
        {
            return;
        }

        foreach (var place in builtIn.Member("roles")?.Member("client")?.Items(AdminClient) ?? [])
        {
            var name = place.Text("name")!;
            if (client.Roles.TryAdd(name, NewRole(client, name)))
            {
                Include("realm-admin", name);
            }
        }

        Include("view-clients", "query-clients");
        Include("view-users", "query-users", "query-groups");
        Include("view-organizations", "query-organizations");
    }

    private void Include(string composite, params ReadOnlySpan<string> names)
    {
        if (realm.FindClient(AdminClient)?.Roles is not { } roles || !roles.TryGetValue(composite, out var whole))
        {
            return;
        }

        foreach (var name in names)
        {
            if (roles.TryGetValue(name, out var part) && part != whole)
            {
                whole.Composites.Add(part);
            }
        }
    }

    private RealmRole NewRole(Client client, string name) =>
        new() { Id = StableId.For(realm.Name, "role", $"{client.ClientId}/{name}"), Name = name, Client = client };

    private void AddAccountLinks()
    {
        const string name = "manage-account-links";
        if (realm.FindClient("account") is not { } account
            || account.Roles.ContainsKey(name)
            || !account.Roles.TryGetValue("manage-account", out var manage))
        {
            return;
        }

        var links = NewRole(account, name);
        account.Roles.Add(name, links);
        manage.Composites.Add(links);
    }

    private void ShowInUserInfo()
    {
        foreach (var mappers in realm.ClientScopes.Values.Select(scope => scope.Mappers)
            .Concat(realm.Clients.Values.Select(client => client.Mappers)))
        {
            ScopeReader.ShowInUserInfo(mappers);
        }
    }
}

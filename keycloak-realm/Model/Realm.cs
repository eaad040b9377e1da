namespace KeycloakRealm.Model;

/// <summary>One realm as the realm file describes it, with everything resolved: names have become references.</summary>
internal sealed class Realm
{
    public required string Name { get; init; }

    /// <summary>
    /// The name as it stands in addresses, the issuer among them. An apostrophe stays as it is: of all that RFC 3986 lets a
    /// path hold beside letters and digits, Keycloak takes nothing else in the name of a realm.
    /// </summary>
    public string PathSegment => Uri.EscapeDataString(Name).Replace("%27", "'", StringComparison.Ordinal);

    public required string Id { get; init; }

    public string? DisplayName { get; set; }

    /// <summary>The display name for the head of pages; it may hold markup.</summary>
    public string? DisplayNameHtml { get; set; }

    /// <summary>Absent in the file means off, as in Keycloak.</summary>
    public bool Enabled { get; set; }

    public bool LoginWithEmailAllowed { get; set; } = true;

    public bool RememberMe { get; set; }

    /// <summary>Tokens issued before this second are refused; 0 is none.</summary>
    public long NotBefore { get; set; }

    /// <summary>Seconds an access token lives.</summary>
    public int AccessTokenLifespan { get; set; } = 300;

    /// <summary>Seconds an authorization code lives.</summary>
    public int AccessCodeLifespan { get; set; } = 60;

    /// <summary>Seconds a sign-in page may stay open.</summary>
    public int AccessCodeLifespanLogin { get; set; } = 1800;

    public int SsoSessionIdleTimeout { get; set; } = 1800;

    public int SsoSessionMaxLifespan { get; set; } = 36000;

    public int ClientSessionIdleTimeout { get; set; }

    public int ClientSessionMaxLifespan { get; set; }

    public int OfflineSessionIdleTimeout { get; set; } = 2592000;

    public bool RevokeRefreshToken { get; set; }

    public int RefreshTokenMaxReuse { get; set; }

    /// <summary>Seconds a pushed authorization request lives.</summary>
    public int PushedRequestLifespan { get; set; } = 60;

    public RealmRole DefaultRole { get; set; } = null!;

    public Dictionary<string, RealmRole> Roles { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ClientScope> ClientScopes { get; } = new(StringComparer.Ordinal);

    public List<ClientScope> DefaultScopes { get; } = [];

    public List<ClientScope> OptionalScopes { get; } = [];

    public Dictionary<string, Client> Clients { get; } = new(StringComparer.Ordinal);

    /// <summary>Top-level groups; the others hang below them.</summary>
    public List<Group> Groups { get; } = [];

    /// <summary>By lower-cased user name. Replaced as a whole when somebody comes or goes, because it is read without a lock.</summary>
    public Dictionary<string, User> Users { get; private set; } = new(StringComparer.Ordinal);

    /// <summary>What a user's account must hold to be fully set up.</summary>
    public UserProfile Profile { get; set; } = UserProfile.BuiltIn;

    /// <summary>The algorithm of tokens whose client names none.</summary>
    public string DefaultSignatureAlgorithm { get; set; } = "RS256";

    /// <summary>Names of authentication levels for clients that have none of their own, as JSON.</summary>
    public string? AcrLoaMap { get; set; }

    public AuthenticationFlow BrowserFlow { get; set; } = AuthenticationFlow.BuiltIn;

    public string Title => string.IsNullOrWhiteSpace(DisplayName) ? Name : DisplayName;

    public Client? FindClient(string? clientId) => clientId is null ? null : Clients.GetValueOrDefault(clientId);

    public User? FindUserById(string? id) =>
        id is null ? null : Users.Values.FirstOrDefault(user => string.Equals(user.Id, id, StringComparison.Ordinal));

    /// <summary>Finds who signs in: by user name, or by e-mail where the realm allows it. Case does not count.</summary>
    public User? FindUserByLogin(string login)
    {
        var name = login.ToLowerInvariant();
        if (Users.TryGetValue(name, out var user))
        {
            return user;
        }

        return LoginWithEmailAllowed && name.Length > 0
            ? Users.Values.FirstOrDefault(candidate => string.Equals(candidate.Email, name, StringComparison.Ordinal))
            : null;
    }

    /// <summary>Adds a user while the realm is being served.</summary>
    public void Add(User user) => Users = new Dictionary<string, User>(Users, StringComparer.Ordinal) { [user.Username] = user };

    /// <summary>Takes a user away while the realm is being served.</summary>
    public void Remove(User user) =>
        Users = Users.Where(each => each.Value != user).ToDictionary(StringComparer.Ordinal);

    /// <summary>Every group, each before those below it.</summary>
    public IEnumerable<Group> AllGroups()
    {
        static IEnumerable<Group> WithChildren(Group group) => group.SubGroups.SelectMany(WithChildren).Prepend(group);

        return Groups.SelectMany(WithChildren);
    }

    /// <summary>
    /// Finds a group by its path; the slashes at both ends are optional. A name may hold slashes itself: as in Keycloak, the
    /// shortest name that fits decides, and what it leaves of the path is looked for below it.
    /// </summary>
    public Group? FindGroup(string path)
    {
        var siblings = Groups;
        Group? found = null;
        string? name = null;
        foreach (var step in path[(path.StartsWith('/') ? 1 : 0)..].Split('/'))
        {
            if (step.Length == 0 && path.EndsWith('/'))
            {
                continue;
            }

            name = name is null ? step : name + "/" + step;
            if (siblings.Find(group => string.Equals(group.Name, name, StringComparison.Ordinal)) is { } group)
            {
                (found, siblings, name) = (group, group.SubGroups, null);
            }
        }

        return name is null ? found : null;
    }
}

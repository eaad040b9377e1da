namespace KeycloakRealm.Model;

/// <summary>One realm as the realm file describes it, with everything resolved: names have become references.</summary>
internal sealed class Realm
{
    public required string Name { get; init; }

    public required string Id { get; init; }

    public string? DisplayName { get; set; }

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

    /// <summary>Attributes that a user must have to be fully set up, in the order of the profile.</summary>
    public IReadOnlyList<string> RequiredProfileAttributes { get; set; } = ["email", "firstName", "lastName"];

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

    /// <summary>Finds a group by its path; the leading slash is optional.</summary>
    public Group? FindGroup(string path)
    {
        var siblings = Groups;
        Group? found = null;
        foreach (var name in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            found = siblings.Find(group => string.Equals(group.Name, name, StringComparison.Ordinal));
            if (found is null)
            {
                return null;
            }

            siblings = found.SubGroups;
        }

        return found;
    }
}

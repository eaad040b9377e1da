namespace KeycloakRealm.Model;

/// <summary>The realm file with its names resolved to references.</summary>
internal sealed class Realm
{
    private readonly Lock _lock = new();

    public required string Name { get; init; }

    /// <summary>
    /// An apostrophe is not escaped: it is the only such character of RFC 3986 that Keycloak allows in the name of a realm.
    /// </summary>
    public string PathSegment => Uri.EscapeDataString(Name).Replace("%27", "'", StringComparison.Ordinal);

    public required string Id { get; init; }

    public string? DisplayName { get; set; }

    /// <summary>May hold markup.</summary>
    public string? DisplayNameHtml { get; set; }

    /// <summary>Absent in the file means off, as in Keycloak.</summary>
    public bool Enabled { get; set; }

    public bool LoginWithEmailAllowed { get; set; } = true;

    public bool RememberMe { get; set; }

    /// <summary>Unix seconds; 0 for none.</summary>
    public long NotBefore { get; set; }

    /// <summary>Seconds.</summary>
    public int AccessTokenLifespan { get; set; } = 300;

    /// <summary>Seconds; of tokens that come without a code.</summary>
    public int AccessTokenLifespanForImplicitFlow { get; set; } = 900;

    /// <summary>Seconds.</summary>
    public int AccessCodeLifespan { get; set; } = 60;

    /// <summary>Seconds.</summary>
    public int AccessCodeLifespanLogin { get; set; } = 1800;

    public int SsoSessionIdleTimeout { get; set; } = 1800;

    public int SsoSessionMaxLifespan { get; set; } = 36000;

    public int ClientSessionIdleTimeout { get; set; }

    public int ClientSessionMaxLifespan { get; set; }

    public int OfflineSessionIdleTimeout { get; set; } = 2592000;

    public bool RevokeRefreshToken { get; set; }

    public int RefreshTokenMaxReuse { get; set; }

    /// <summary>Seconds.</summary>
    public int PushedRequestLifespan { get; set; } = 60;

    /// <summary>Seconds.</summary>
    public int DeviceCodeLifespan { get; set; } = 600;

    /// <summary>Seconds.</summary>
    public int DevicePollingInterval { get; set; } = 5;

    public RealmRole DefaultRole { get; set; } = null!;

    public Dictionary<string, RealmRole> Roles { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, ClientScope> ClientScopes { get; } = new(StringComparer.Ordinal);

    public List<ClientScope> DefaultScopes { get; } = [];

    public List<ClientScope> OptionalScopes { get; } = [];

    public Dictionary<string, Client> Clients { get; } = new(StringComparer.Ordinal);

    /// <summary>Top-level groups only.</summary>
    public List<Group> Groups { get; } = [];

    /// <summary>By lower-cased user name. Replaced as a whole, because it is read without a lock.</summary>
    public Dictionary<string, User> Users { get; private set; } = new(StringComparer.Ordinal);

    public bool RegistrationAllowed { get; set; }

    /// <summary>The address is the name.</summary>
    public bool RegistrationEmailAsUsername { get; set; }

    public bool ResetPasswordAllowed { get; set; }

    /// <summary>Whether everybody has to verify their address.</summary>
    public bool VerifyEmail { get; set; }

    /// <summary>Seconds that a link lives that somebody asked for.</summary>
    public int ActionTokenLifespan { get; set; } = 300;

    /// <summary>Whose members people are who register.</summary>
    public List<Group> DefaultGroups { get; } = [];

    /// <summary>Where texts are translated; else empty.</summary>
    public IReadOnlyList<string> SupportedLocales { get; set; } = [];

    public bool EditUsernameAllowed { get; set; }

    /// <summary>Whether two people may have one e-mail address.</summary>
    public bool DuplicateEmailsAllowed { get; set; }

    public RequiredActionList RequiredActions { get; set; } = new([]);

    public PasswordPolicy PasswordPolicy { get; set; } = PasswordPolicy.None;

    public OtpPolicy OtpPolicy { get; set; } = new();

    public UserProfile Profile { get; set; } = UserProfile.BuiltIn;

    public string DefaultSignatureAlgorithm { get; set; } = "RS256";

    /// <summary>JSON, for clients without a map of their own.</summary>
    public string? AcrLoaMap { get; set; }

    public AuthenticationFlow BrowserFlow { get; set; } = null!;

    public AuthenticationFlow DirectGrantFlow { get; set; } = null!;

    /// <summary>In the order in which the sign-in page shows them.</summary>
    public IReadOnlyList<IdentityProvider> IdentityProviders { get; set; } = [];

    public BruteForceSettings BruteForce { get; set; } = new();

    public string Title => string.IsNullOrWhiteSpace(DisplayName) ? Name : DisplayName;

    /// <summary>A realm role, or <c>client.role</c>; any dot may be the one between them.</summary>
    public RealmRole? FindRole(string name)
    {
        for (var dot = name.LastIndexOf('.'); dot > 0; dot = name.LastIndexOf('.', dot - 1))
        {
            if (FindClient(name[..dot]) is { } client)
            {
                return client.Roles.GetValueOrDefault(name[(dot + 1)..]);
            }
        }

        return Roles.GetValueOrDefault(name);
    }

    public Client? FindClient(string? clientId) => clientId is null ? null : Clients.GetValueOrDefault(clientId);

    public User? FindUserById(string? id) =>
        id is null ? null : Users.Values.FirstOrDefault(user => string.Equals(user.Id, id, StringComparison.Ordinal));

    /// <summary>By user name, or by e-mail where the realm allows it; ignores case.</summary>
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

    /// <summary>False if somebody has the name.</summary>
    public bool TryAdd(User user)
    {
        lock (_lock)
        {
            if (Users.ContainsKey(user.Username))
            {
                return false;
            }

            Add(user);
            return true;
        }
    }

    public void Add(User user) => Users = new Dictionary<string, User>(Users, StringComparer.Ordinal) { [user.Username] = user };

    /// <summary>The name is free.</summary>
    public void Rename(User user, string name)
    {
        var users = Users.Where(each => each.Value != user).ToDictionary(StringComparer.Ordinal);
        user.Username = name;
        users[name] = user;
        Users = users;
    }

    public void Remove(User user) =>
        Users = Users.Where(each => each.Value != user).ToDictionary(StringComparer.Ordinal);

    /// <summary>Each before those below it.</summary>
    public IEnumerable<Group> AllGroups()
    {
        static IEnumerable<Group> WithChildren(Group group) => group.SubGroups.SelectMany(WithChildren).Prepend(group);

        return Groups.SelectMany(WithChildren);
    }

    /// <summary>
    /// The slashes at both ends are optional. A name may contain slashes: as in Keycloak, the shortest matching name wins.
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

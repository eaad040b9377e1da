using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace KeycloakRealm.Model;

/// <summary>A person, or the account of a service client.</summary>
internal sealed class User
{
    private const string VerifyEmail = "VERIFY_EMAIL";
    private const string VerifyProfile = "VERIFY_PROFILE";

    private readonly Lock _lock = new();

    public required string Id { get; init; }

    /// <summary>Lower-cased, as in Keycloak.</summary>
    public required string Username { get; set; }

    public string? Email { get; set; }

    public bool EmailVerified { get; set; }

    public string? FirstName { get; set; }

    public string? LastName { get; set; }

    /// <summary>Absent in the file means off, as in Keycloak.</summary>
    public bool Enabled { get; set; }

    public long NotBefore { get; set; }

    /// <summary>Unix milliseconds.</summary>
    public long CreatedTimestamp { get; set; }

    public Password? Password { get; set; }

    /// <summary>The newest first; as many as the password policy wants.</summary>
    public ImmutableList<Password> FormerPasswords { get; private set; } = [];

    /// <summary>Devices for one-time passwords, the oldest first. Replaced as a whole, because it is read without a lock.</summary>
    public ImmutableList<OtpCredential> Otps { get; private set; } = [];

    /// <summary>The kinds of the file's credentials that nobody can use here.</summary>
    public HashSet<string> UnservedCredentials { get; } = new(StringComparer.Ordinal);

    /// <summary>Replaced as a whole, because it is read without a lock.</summary>
    public List<string> RequiredActions { get; set; } = [];

    /// <summary>Replaced as a whole, because it is read without a lock.</summary>
    public HashSet<RealmRole> Roles { get; set; } = [];

    public List<Group> Groups { get; } = [];

    /// <summary>Replaced as a whole, because it is read without a lock.</summary>
    public Dictionary<string, IReadOnlyList<string>> Attributes { get; set; } = new(StringComparer.Ordinal);

    /// <summary>By the client's internal id. Concurrent, because it is read without a lock.</summary>
    public ConcurrentDictionary<string, Consent> Consents { get; } = new(StringComparer.Ordinal);

    public Client? ServiceAccountOf { get; set; }

    public string FullName => string.Join(' ', new[] { FirstName, LastName }.Where(part => !string.IsNullOrEmpty(part)));

    public void ChangePassword(Password password, PasswordPolicy policy)
    {
        lock (_lock)
        {
            FormerPasswords = policy.History > 0 && Password is { } former
                ? [.. FormerPasswords.Insert(0, former).Take(policy.History)]
                : [];
            Password = password;
        }
    }

    /// <summary>A new address is not verified.</summary>
    public void ChangeEmail(string? email)
    {
        if (!string.Equals(Email, email, StringComparison.Ordinal))
        {
            (Email, EmailVerified) = (email, false);
        }
    }

    public void FinishAction(string action) =>
        RequiredActions = [.. RequiredActions.Where(each => !string.Equals(each, action, StringComparison.Ordinal))];

    /// <summary>Without a value the attribute goes.</summary>
    public void SetAttribute(string name, params IReadOnlyList<string> values)
    {
        var attributes = new Dictionary<string, IReadOnlyList<string>>(Attributes, StringComparer.Ordinal);
        attributes.Remove(name);
        if (values.Count > 0)
        {
            attributes[name] = values;
        }

        Attributes = attributes;
    }

    public void AddOtp(OtpCredential credential)
    {
        lock (_lock)
        {
            Otps = Otps.Add(credential);
        }
    }

    public void RemoveOtp(OtpCredential credential)
    {
        lock (_lock)
        {
            Otps = Otps.Remove(credential);
        }
    }

    /// <summary>With the roles of groups, their parents and composites.</summary>
    public HashSet<RealmRole> EffectiveRoles()
    {
        var direct = new List<RealmRole>(Roles);
        foreach (var group in Groups)
        {
            for (var each = group; each is not null; each = each.Parent)
            {
                direct.AddRange(each.Roles);
            }
        }

        return RealmRole.Expand(direct);
    }

    /// <summary>The kinds of credentials that the user has, in the order in which they are offered.</summary>
    public IEnumerable<string> CredentialTypes =>
        new[] { Password is null ? null : "password", Otps.Count == 0 ? null : "otp" }.OfType<string>().Concat(UnservedCredentials);

    /// <summary>Without those of groups. Profile fields count as attributes.</summary>
    public IReadOnlyList<string> OwnAttributeValues(string name) =>
        FieldNamed(name) is { } field ? [field] : Attributes.GetValueOrDefault(name) ?? [];

    /// <summary>Profile fields count as attributes. Groups supply what the user lacks, or add to it with <c>aggregate</c>.</summary>
    public IReadOnlyList<string> AttributeValues(string name, bool aggregate = false)
    {
        if (FieldNamed(name) is { } field)
        {
            return [field];
        }

        var values = new List<string>(OwnAttributeValues(name));

        foreach (var group in Groups)
        {
            for (var each = group; each is not null && (aggregate || values.Count == 0); each = each.Parent)
            {
                if (each.Attributes.TryGetValue(name, out var inherited))
                {
                    values.AddRange(inherited.Where(value => !values.Contains(value, StringComparer.Ordinal)));
                }
            }
        }

        return values;
    }

    /// <summary>The first required action after a sign-in with the right password; null if there is none.</summary>
    public string? PendingAction(Realm realm) => realm.RequiredActions.Names.FirstOrDefault(action => IsPending(realm, action));

    public bool IsPending(Realm realm, string action) => realm.RequiredActions.Contains(action)
        && action switch
        {
            VerifyProfile => LacksProfile(realm),
            VerifyEmail => Email is not null && IsUnverified(realm),
            _ => RequiredActions.Contains(action, StringComparer.Ordinal),
        };

    /// <summary>Without a page, an action that the realm does not have blocks too.</summary>
    public bool IsUnfinished(Realm realm) =>
        LacksProfile(realm)
        || (realm.RequiredActions.Contains(VerifyEmail) && IsUnverified(realm))
        || RequiredActions.Exists(action => action is not VerifyProfile || !realm.RequiredActions.Contains(VerifyProfile));

    private bool IsUnverified(Realm realm) => !EmailVerified && ServiceAccountOf is null
        && (realm.VerifyEmail || RequiredActions.Contains(VerifyEmail, StringComparer.Ordinal));

    private bool LacksProfile(Realm realm) =>
        ServiceAccountOf is null && realm.RequiredActions.Contains(VerifyProfile) && !realm.Profile.IsMetBy(this);

    private string? FieldNamed(string name) => name switch
    {
        "username" => Username,
        "email" => Email,
        "firstName" => FirstName,
        "lastName" => LastName,
        _ => null,
    };
}

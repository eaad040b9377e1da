using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace KeycloakRealm.Model;

/// <summary>A person, or the account of a service client.</summary>
internal sealed class User
{
    private const string VerifyProfile = "VERIFY_PROFILE";

    private readonly Lock _lock = new();

    public required string Id { get; init; }

    /// <summary>Lower-cased, as in Keycloak.</summary>
    public required string Username { get; init; }

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

    /// <summary>Devices for one-time passwords, the oldest first. Replaced as a whole, because it is read without a lock.</summary>
    public ImmutableList<OtpCredential> Otps { get; private set; } = [];

    public List<string> RequiredActions { get; set; } = [];

    /// <summary>Replaced as a whole, because it is read without a lock.</summary>
    public HashSet<RealmRole> Roles { get; set; } = [];

    public List<Group> Groups { get; } = [];

    public Dictionary<string, IReadOnlyList<string>> Attributes { get; init; } = new(StringComparer.Ordinal);

    /// <summary>By the client's internal id. Concurrent, because it is read without a lock.</summary>
    public ConcurrentDictionary<string, Consent> Consents { get; } = new(StringComparer.Ordinal);

    public Client? ServiceAccountOf { get; set; }

    public string FullName => string.Join(' ', new[] { FirstName, LastName }.Where(part => !string.IsNullOrEmpty(part)));

    public void AddOtp(OtpCredential credential)
    {
        lock (_lock)
        {
            Otps = Otps.Add(credential);
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

    /// <summary>Profile fields count as attributes. Groups supply what the user lacks, or add to it with <c>aggregate</c>.</summary>
    public IReadOnlyList<string> AttributeValues(string name, bool aggregate = false)
    {
        string? field = name switch
        {
            "username" => Username,
            "email" => Email,
            "firstName" => FirstName,
            "lastName" => LastName,
            _ => null,
        };
        if (field is not null)
        {
            return [field];
        }

        var values = new List<string>();
        if (Attributes.TryGetValue(name, out var own))
        {
            values.AddRange(own);
        }

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

    /// <summary>The required action that blocks a sign-in with the right password; null if there is none.</summary>
    public string? PendingAction(Realm realm) =>
        RequiredActions.Find(realm.RequiredActions.Contains) ?? (LacksProfile(realm) ? VerifyProfile : null);

    /// <summary>Without a page, an action that the realm does not have blocks too.</summary>
    public bool IsUnfinished(Realm realm) => RequiredActions.Count > 0 || LacksProfile(realm);

    private bool LacksProfile(Realm realm) =>
        ServiceAccountOf is null && realm.RequiredActions.Contains(VerifyProfile) && !realm.Profile.IsMetBy(this);
}

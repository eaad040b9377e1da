using System.Collections.Concurrent;
using System.Collections.Frozen;
using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

internal sealed record GroupRule(
    Guid Id, string Name, IReadOnlyList<Permission> Permissions, IReadOnlyList<Permission> Denied, bool IsDefault)
{
    public IEnumerable<string> Written => Permissions.Concat(Denied).Select(permission => permission.ToString());

    /// <summary>What does not parse was not written by this service, and grants nothing.</summary>
    public static IReadOnlyList<Permission> ParseGranted(IEnumerable<string> written) =>
        [.. written.Select(Parse).OfType<Permission>()];

    /// <summary>What does not parse must not vanish: nobody knows what it was meant to deny, so it denies everything.</summary>
    public static IReadOnlyList<Permission> ParseDenied(IEnumerable<string> written) =>
        [.. written.Select(text => Parse(text) ?? new Permission(Permission.Any, Permission.Any))];

    private static Permission? Parse(string text) => Permission.TryParse(text, out var permission) ? permission : null;
}

internal sealed record MappingRule(Guid Id, RolePattern Pattern, Guid GroupId)
{
    public static readonly Comparer<MappingRule> InOrder = Comparer<MappingRule>.Create((one, other) =>
        RolePattern.InOrder.Compare(one.Pattern, other.Pattern) is not 0 and var order ? order : one.Id.CompareTo(other.Id));
}

/// <summary>The rules at one version. Never changed, only replaced.</summary>
internal sealed class AccessRules
{
    /// <summary>Bounds the memory: a realm with more roles is slower, not larger.</summary>
    private const int MostRemembered = 10_000;
    private const int MostRememberedPermissions = 500;

    private readonly FrozenDictionary<Guid, GroupRule> _groups;
    private readonly FrozenDictionary<KeycloakRole, MappingRule[]> _exact;
    private readonly MappingRule[] _patterns;
    private readonly GroupRule[] _defaultGroups;

    // Many have the same role, and a role is compared with every pattern.
    private readonly ConcurrentDictionary<KeycloakRole, MappingRule[]> _found = new();
    private int _remembered;

    // Pages ask about each permission there is, and each answer looks at every group.
    private readonly ConcurrentDictionary<Permission, GrantingGroup[]> _granting = new();

    // Only lists for people need an order, so it is made at the first one.
    private readonly Lazy<GroupRule[]> _groupsByName;
    private readonly Lazy<FrozenDictionary<string, GroupRule>> _groupsOfName;
    private readonly Lazy<ILookup<Guid, MappingRule>> _mappingsInto;
    private readonly Lazy<MappingRule[]> _mappingsInOrder;
    private readonly Lazy<FrozenDictionary<Guid, MappingRule>> _mappingsOfId;

    public AccessRules(long version, IEnumerable<GroupRule> groups, IEnumerable<MappingRule> mappings)
    {
        Version = version;
        _groups = groups.ToFrozenDictionary(group => group.Id);
        Mappings = [.. mappings.Where(mapping => _groups.ContainsKey(mapping.GroupId))];
        _exact = Mappings
            .Where(mapping => mapping.Pattern.IsExact)
            .GroupBy(mapping => mapping.Pattern.Role)
            .ToFrozenDictionary(group => group.Key, group => group.ToArray());
        _patterns = [.. Mappings.Where(mapping => !mapping.Pattern.IsExact)];
        _defaultGroups = [.. _groups.Values.Where(group => group.IsDefault)];
        _groupsByName = new(() => [.. _groups.Values.OrderBy(group => group.Name, StringComparer.Ordinal)]);
        _groupsOfName = new(() => _groups.Values.ToFrozenDictionary(group => group.Name, StringComparer.Ordinal));
        _mappingsInOrder = new(() => [.. Mappings.Order(MappingRule.InOrder)]);
        _mappingsInto = new(() => MappingsInOrder.ToLookup(mapping => mapping.GroupId));
        _mappingsOfId = new(() => Mappings.ToFrozenDictionary(mapping => mapping.Id));
    }

    public long Version { get; }

    public IReadOnlyCollection<GroupRule> Groups => _groups.Values;

    public IReadOnlyList<MappingRule> Mappings { get; }

    public IReadOnlyList<GroupRule> GroupsByName => _groupsByName.Value;

    public MappingRule[] MappingsInOrder => _mappingsInOrder.Value;

    public GroupRule? FindGroup(Guid id) => _groups.GetValueOrDefault(id);

    public GroupRule? FindGroup(string name) => _groupsOfName.Value.GetValueOrDefault(name);

    public MappingRule? FindMapping(Guid id) => _mappingsOfId.Value.GetValueOrDefault(id);

    public IEnumerable<MappingRule> MappingsInto(Guid groupId) => _mappingsInto.Value[groupId];

    public IReadOnlyList<GrantingGroup> GroupsGranting(Permission permission)
    {
        if (_granting.TryGetValue(permission, out var known))
        {
            return known;
        }

        GrantingGroup[] granting = [.. GroupsByName
            .Where(group => group.Permissions.Any(granted => granted.Covers(permission)))
            .Select(group => new GrantingGroup(
                group, [.. MappingsInto(group.Id).OrderBy(mapping => mapping.Pattern.ToString(), StringComparer.Ordinal)]))];
        // Callers may ask about any number of permissions that do not exist.
        if (_granting.Count < MostRememberedPermissions)
        {
            _granting.TryAdd(permission, granting);
        }

        return granting;
    }

    /// <summary>A pure function of any order. Fewer roles grant more only where a denial goes with them.</summary>
    public EffectiveAccess Resolve(IEnumerable<KeycloakRole> roles, IEnumerable<DirectGroup> direct)
    {
        var memberships = new List<Membership>();
        foreach (var group in _defaultGroups)
        {
            memberships.Add(new Membership(group, Origin.DefaultGroup));
        }

        foreach (var role in roles)
        {
            foreach (var mapping in MappingsOf(role))
            {
                memberships.Add(new Membership(_groups[mapping.GroupId], Origin.Keycloak(role, mapping)));
            }
        }

        // Rules and memberships are read one after the other, so a group may have been deleted in between.
        memberships.AddRange(direct
            .Where(one => _groups.ContainsKey(one.Id))
            .Select(one => new Membership(_groups[one.Id], Origin.DirectUntil(one.Until))));
        return new EffectiveAccess(memberships);
    }

    public IReadOnlyList<MappingRule> MappingsOf(KeycloakRole role)
    {
        var exact = _exact.TryGetValue(role, out var mappings) ? mappings : [];
        if (_patterns.Length == 0)
        {
            return exact;
        }

        if (_found.TryGetValue(role, out var found))
        {
            return found;
        }

        found = [.. exact, .. _patterns.Where(mapping => mapping.Pattern.Matches(role))];
        if (Interlocked.Increment(ref _remembered) <= MostRemembered)
        {
            _found.TryAdd(role, found);
        }

        return found;
    }
}

internal sealed record Origin(string Kind, KeycloakRole? Role, MappingRule? Mapping)
{
    public static readonly Origin Direct = new("direct-member", Role: null, Mapping: null);

    /// <summary>When a direct membership ends; null for good.</summary>
    public DateTimeOffset? Until { get; init; }

    public bool IsDirect => Kind == Direct.Kind;

    public static readonly Origin DefaultGroup = new("default-group", Role: null, Mapping: null);

    public static Origin Keycloak(KeycloakRole role, MappingRule mapping) => new(RoleKinds.Write(role.Kind), role, mapping);

    public static Origin DirectUntil(DateTimeOffset? until) => until is null ? Direct : Direct with { Until = until };

    public override string ToString() => Role switch
    {
        { } role when Mapping is { Pattern.IsExact: false } mapping => $"{role} (as {mapping.Pattern.Name})",
        { } role => role.ToString(),
        _ when Kind == DefaultGroup.Kind => "default group",
        _ => Until is { } until ? $"direct member until {DirectGroup.Describe(until)}" : "direct member",
    };
}

internal sealed record Membership(GroupRule Group, Origin Origin);

/// <summary>What somebody holds through groups, before a token's scopes narrow it.</summary>
internal sealed class EffectiveAccess(IReadOnlyList<Membership> memberships)
{
    public static readonly EffectiveAccess Nothing = new([]);

    public IReadOnlyList<Membership> Memberships => memberships;

    public bool Grants(Permission permission) => Covers(static group => group.Permissions, permission);

    /// <summary>Wins over every grant.</summary>
    public bool Denies(Permission permission) => Covers(static group => group.Denied, permission);

    // Without LINQ: every request comes through here.
    private bool Covers(Func<GroupRule, IReadOnlyList<Permission>> list, Permission permission)
    {
        foreach (var membership in memberships)
        {
            var written = list(membership.Group);
            for (var index = 0; index < written.Count; index++)
            {
                if (written[index].Covers(permission))
                {
                    return true;
                }
            }
        }

        return false;
    }
}

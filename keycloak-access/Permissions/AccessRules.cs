using System.Collections.Concurrent;
using System.Collections.Frozen;
using KeycloakAccess.Authentication;

namespace KeycloakAccess.Permissions;

/// <summary>A local group and what it grants.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Name">Its name.</param>
/// <param name="Permissions">What its members may do.</param>
/// <param name="Denied">What its members may not do, whatever else they hold.</param>
/// <param name="IsDefault">Whether every account is in it.</param>
internal sealed record GroupRule(
    Guid Id, string Name, IReadOnlyList<Permission> Permissions, IReadOnlyList<Permission> Denied, bool IsDefault)
{
    /// <summary>What it grants and denies.</summary>
    public IEnumerable<string> Written => Permissions.Concat(Denied).Select(permission => permission.ToString());

    /// <returns>What is granted by what is written. What does not parse was written past this service, and grants nothing.</returns>
    public static IReadOnlyList<Permission> Granted(IEnumerable<string> written) =>
        [.. written.Select(Parse).OfType<Permission>()];

    /// <returns>
    /// What is denied by what is written. What does not parse must not vanish: nobody knows what it was meant to deny, so
    /// it denies everything until somebody mends it.
    /// </returns>
    public static IReadOnlyList<Permission> Denies(IEnumerable<string> written) =>
        [.. written.Select(text => Parse(text) ?? new Permission(Permission.Any, Permission.Any))];

    private static Permission? Parse(string text) => Permission.TryParse(text, out var permission) ? permission : null;
}

/// <summary>That some roles or groups of Keycloak put whoever has one of them into a local group.</summary>
/// <param name="Id">The mapping's id.</param>
/// <param name="Pattern">Which roles.</param>
/// <param name="GroupId">Which group.</param>
internal sealed record MappingRule(Guid Id, RolePattern Pattern, Guid GroupId)
{
    /// <summary>By kind, client and name; mappings of one role by their ids.</summary>
    public static readonly Comparer<MappingRule> InOrder = Comparer<MappingRule>.Create((one, other) =>
        RolePattern.InOrder.Compare(one.Pattern, other.Pattern) is not 0 and var order ? order : one.Id.CompareTo(other.Id));
}

/// <summary>All groups and role mappings as they were at one version of the rules. Never changed, only replaced.</summary>
internal sealed class AccessRules
{
    /// <summary>Of how many roles it is remembered what they fit. A realm with more of them is slower, not larger.</summary>
    private const int MostRemembered = 10_000;

    /// <summary>Of how many permissions it is remembered which groups grant them: more than models declare.</summary>
    private const int MostRememberedPermissions = 500;

    private readonly FrozenDictionary<Guid, GroupRule> _groups;
    private readonly FrozenDictionary<KeycloakRole, MappingRule[]> _exact;
    private readonly MappingRule[] _patterns;
    private readonly GroupRule[] _defaultGroups;

    // Many have the same role, and a role is compared with every pattern: once, for as long as these rules hold.
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

    /// <summary>The groups by name.</summary>
    public IReadOnlyList<GroupRule> GroupsByName => _groupsByName.Value;

    /// <summary>The mappings by kind, client and name.</summary>
    public MappingRule[] MappingsInOrder => _mappingsInOrder.Value;

    public GroupRule? FindGroup(Guid id) => _groups.GetValueOrDefault(id);

    public GroupRule? FindGroup(string name) => _groupsOfName.Value.GetValueOrDefault(name);

    public MappingRule? FindMapping(Guid id) => _mappingsOfId.Value.GetValueOrDefault(id);

    /// <returns>The mappings that lead into a group, by kind, client and name.</returns>
    public IEnumerable<MappingRule> MappingsInto(Guid groupId) => _mappingsInto.Value[groupId];

    /// <returns>The groups that grant a permission, by name, each with the mappings that lead into it.</returns>
    public IReadOnlyList<GrantingGroup> GroupsGranting(Permission permission)
    {
        if (_granting.TryGetValue(permission, out var ways))
        {
            return ways;
        }

        ways = [.. GroupsByName
            .Where(group => group.Permissions.Any(granted => granted.Covers(permission)))
            .Select(group => new GrantingGroup(group, [.. MappingsInto(group.Id).OrderBy(mapping => mapping.Pattern.ToString(), StringComparer.Ordinal)]))];
        // Whoever asks may ask about what does not exist, as often as they like.
        if (_granting.Count < MostRememberedPermissions)
        {
            _granting.TryAdd(permission, ways);
        }

        return ways;
    }

    /// <summary>
    /// Who is in which group, why, and so what they hold. A pure function: the order of roles, groups and mappings does not
    /// matter, and fewer roles never grant more than they take a denial away.
    /// </summary>
    /// <param name="roles">What Keycloak says.</param>
    /// <param name="direct">The groups that the account was put into here.</param>
    public EffectiveAccess Resolve(IEnumerable<KeycloakRole> roles, IEnumerable<Guid> direct)
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
        memberships.AddRange(direct.Where(_groups.ContainsKey).Select(id => new Membership(_groups[id], Origin.Direct)));
        return new EffectiveAccess(memberships);
    }

    /// <returns>The mappings that a role fits.</returns>
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

/// <summary>What put somebody into a group.</summary>
/// <param name="Kind">One of <see cref="RoleKinds.All"/>, <c>direct-member</c> and <c>default-group</c>.</param>
/// <param name="Role">The role or group in Keycloak; <see langword="null"/> where it was not Keycloak.</param>
/// <param name="Mapping">The mapping that it fits; <see langword="null"/> where it was not Keycloak.</param>
internal sealed record Origin(string Kind, KeycloakRole? Role, MappingRule? Mapping)
{
    /// <summary>Somebody here did. Keycloak never takes it away.</summary>
    public static readonly Origin Direct = new("direct-member", Role: null, Mapping: null);

    /// <summary>The group is a default group.</summary>
    public static readonly Origin DefaultGroup = new("default-group", Role: null, Mapping: null);

    public static Origin Keycloak(KeycloakRole role, MappingRule mapping) => new(RoleKinds.Write(role.Kind), role, mapping);

    public override string ToString() => Role switch
    {
        { } role when Mapping is { Pattern.IsExact: false } mapping => $"{role} (as {mapping.Pattern.Name})",
        { } role => role.ToString(),
        _ => Kind == DefaultGroup.Kind ? "default group" : "direct member",
    };
}

/// <summary>That somebody is in a group, and why.</summary>
/// <param name="Group">The local group.</param>
/// <param name="Origin">What put them there.</param>
internal sealed record Membership(GroupRule Group, Origin Origin);

/// <summary>What somebody holds through groups, before a token's scopes narrow it.</summary>
internal sealed class EffectiveAccess(IReadOnlyList<Membership> memberships)
{
    public static readonly EffectiveAccess Nothing = new([]);

    public IReadOnlyList<Membership> Memberships => memberships;

    /// <returns>Whether a group grants the permission, or one that covers it. A denial is another matter.</returns>
    public bool Grants(Permission permission)
    {
        foreach (var membership in memberships)
        {
            if (Any(membership.Group.Permissions, permission))
            {
                return true;
            }
        }

        return false;
    }

    /// <returns>Whether a group denies the permission. That wins over every grant.</returns>
    public bool Denies(Permission permission)
    {
        foreach (var membership in memberships)
        {
            if (Any(membership.Group.Denied, permission))
            {
                return true;
            }
        }

        return false;
    }

    // Without LINQ: every request comes through here.
    private static bool Any(IReadOnlyList<Permission> written, Permission permission)
    {
        for (var index = 0; index < written.Count; index++)
        {
            if (written[index].Covers(permission))
            {
                return true;
            }
        }

        return false;
    }
}

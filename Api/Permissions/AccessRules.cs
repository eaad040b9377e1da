using System.Collections.Frozen;
using Api.Keycloak;

namespace Api.Permissions;

/// <summary>A local group and what it grants.</summary>
internal sealed record GroupRule(Guid Id, string Name, IReadOnlyList<Permission> Permissions);

/// <summary>All groups and role mappings as they were at one version of the rules. Never changed, only replaced.</summary>
internal sealed class AccessRules
{
    private readonly FrozenDictionary<Guid, GroupRule> _groups;
    private readonly FrozenDictionary<KeycloakRole, GroupRule[]> _mappings;

    public AccessRules(long version, IEnumerable<GroupRule> groups, IEnumerable<(KeycloakRole Role, Guid GroupId)> mappings)
    {
        Version = version;
        _groups = groups.ToFrozenDictionary(group => group.Id);
        _mappings = mappings
            .GroupBy(mapping => mapping.Role, mapping => _groups[mapping.GroupId])
            .ToFrozenDictionary(group => group.Key, group => group.ToArray());
    }

    public long Version { get; }

    public GroupRule? FindGroup(Guid id) => _groups.GetValueOrDefault(id);

    /// <summary>
    /// Who is in which group, and so what they hold. A pure function: the order of roles and mappings does not matter,
    /// and fewer of them never grant more.
    /// </summary>
    /// <param name="roles">What Keycloak says.</param>
    /// <param name="byHand">The groups that the account was put into here.</param>
    public EffectiveAccess Resolve(IEnumerable<KeycloakRole> roles, IEnumerable<Guid> byHand)
    {
        var memberships = new List<Membership>();
        foreach (var role in roles)
        {
            if (_mappings.TryGetValue(role, out var mapped))
            {
                memberships.AddRange(mapped.Select(group => new Membership(group, role)));
            }
        }

        // Rules and memberships are read one after the other, so a group may have been deleted in between.
        memberships.AddRange(byHand.Where(_groups.ContainsKey).Select(id => new Membership(_groups[id], Role: null)));
        return new EffectiveAccess(memberships);
    }
}

/// <summary>That somebody is in a group, and why.</summary>
/// <param name="Group">The local group.</param>
/// <param name="Role">What in Keycloak put them there; <see langword="null"/> where it was done by hand.</param>
internal sealed record Membership(GroupRule Group, KeycloakRole? Role);

/// <summary>What somebody holds through groups, before a token's scopes narrow it.</summary>
internal sealed class EffectiveAccess(IReadOnlyList<Membership> memberships)
{
    public static readonly EffectiveAccess Nothing = new([]);

    public IReadOnlyList<Membership> Memberships => memberships;

    public bool Holds(Permission permission)
    {
        foreach (var membership in memberships)
        {
            foreach (var granted in membership.Group.Permissions)
            {
                if (granted.Covers(permission))
                {
                    return true;
                }
            }
        }

        return false;
    }
}

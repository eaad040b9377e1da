using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Permissions;

namespace Api.Tests.Permissions;

/// <summary>What holds of every decision, whatever the roles, the rules and the token. A failure prints the seed that repeats it.</summary>
public sealed class DecisionPropertyTests
{
    private const int Rounds = 1000;

    [Fact]
    public void Resolution_decision_and_explanation_agree_with_a_plain_reading_of_the_rules() =>
        Situations.All.Sample(Agreement.Check, iter: 5 * Rounds);

    [Fact]
    public void The_order_of_roles_groups_mappings_and_memberships_does_not_matter() =>
        Situations.All
            .SelectMany(situation => Gen.Select(
                Gen.Shuffle(situation.Roles.ToArray()),
                Gen.Shuffle(situation.Groups.ToArray()),
                Gen.Shuffle(situation.Mappings.ToArray()),
                Gen.Shuffle(situation.Direct.ToArray()),
                (roles, groups, mappings, direct) => (situation, situation with
                {
                    Roles = roles,
                    Groups = [
                        .. groups.Select(group =>
                            group with { Permissions = [.. group.Permissions.Reverse()], Denied = [.. group.Denied.Reverse()] })],
                    Mappings = mappings,
                    Direct = direct,
                })))
            .Sample(
                (one, other) =>
                {
                    Assert.Equal(Memberships(one), Memberships(other));
                    Assert.Equal(one.Decide(), other.Decide());
                    Assert.Equal(one.Allowed(), other.Allowed());
                    Assert.Equal(Told(one.Explain()), Told(other.Explain()));
                },
                iter: Rounds);

    [Fact]
    public void Where_nothing_is_denied_taking_anything_away_never_grants_more() =>
        Situations.WithoutDenials
            .SelectMany(situation =>
                Gen.OneOf([.. Removals(situation).Select(removal => removal.After).DefaultIfEmpty(situation)])
                    .Select(after => (situation, after)))
            .Sample((before, after) => Assert.Subset(before.Allowed(), after.Allowed()), iter: Rounds);

    [Fact]
    public void Taking_something_away_takes_what_it_alone_granted_and_gives_back_what_it_alone_denied() =>
        Situations.All
            .SelectMany(situation =>
                Gen.OneOf([.. Removals(situation).DefaultIfEmpty(new("nothing", situation, _ => false))])
                    .Select(removal => (situation, removal)))
            .Sample(
                (before, removal) =>
                {
                    // A person's own view, without a token that narrows it: scopes have properties of their own below.
                    before = before with { Scopes = null, IsEnabled = true, Requirement = new AccessRequirement(default(Permission)) };
                    var after = removal.After with { Scopes = null, IsEnabled = true, Requirement = before.Requirement };
                    var (allowed, left) = (before.Allowed(), after.Allowed());
                    foreach (var permission in before.Catalogue.Permissions)
                    {
                        var explanation = (before with { Requirement = new AccessRequirement(permission) }).Explain();
                        var granted = !explanation.Grants.All(removal.IsFrom);
                        var denied = !explanation.Denials.All(grantPath => removal.TakesDenials && removal.IsFrom(grantPath));
                        Assert.True(
                            left.Contains(permission) == (granted && !denied),
                            $"without {removal.Name}, {permission} is {(left.Contains(permission) ? "allowed" : "refused")}; "
                                + $"before it was {(allowed.Contains(permission) ? "allowed" : "refused")}");
                    }
                },
                iter: Rounds);

    [Fact]
    public void A_denial_more_never_grants_more_and_a_denial_less_never_less() =>
        Gen.Select(Situations.All, Gen.Int[0, 4], Situations.Written).Sample(
            (before, place, denied) =>
            {
                var after = With(before, place % before.Groups.Count, group => group with { Denied = [.. group.Denied, denied] });
                Assert.Subset(before.Allowed(), after.Allowed());
                var cleared = With(before, place % before.Groups.Count, group => group with { Denied = [] });
                Assert.Superset(before.Allowed(), cleared.Allowed());
            },
            iter: Rounds);

    [Fact]
    public void A_grant_more_never_takes_anything_away_even_from_somebody_else() =>
        Gen.Select(Situations.All, Gen.Int[0, 4], Situations.Written).Sample(
            (before, place, granted) =>
            {
                var after = With(
                    before, place % before.Groups.Count, group => group with { Permissions = [.. group.Permissions, granted] });
                Assert.Superset(before.Allowed(), after.Allowed());
                // And what comes with it is no more than it says.
                Assert.All(after.Allowed().Except(before.Allowed()), permission => Assert.True(granted.Covers(permission)));
            },
            iter: Rounds);

    [Fact]
    public void Nothing_is_allowed_that_no_group_of_the_account_grants_or_that_any_denies() =>
        Situations.All.Sample(
            situation =>
            {
                var access = situation.Access;
                Assert.All(
                    situation.Allowed(),
                    permission => Assert.True(access.Grants(permission) && !access.Denies(permission) && situation.IsEnabled));
            },
            iter: Rounds);

    [Fact]
    public void A_token_never_gives_more_than_a_session_and_required_scopes_never_more_than_none() =>
        Situations.All.Sample(
            situation =>
            {
                var session = (situation with { Scopes = null }).Allowed();
                Assert.Subset(session, situation.Allowed());
                Assert.Subset(situation.Allowed(), (situation with { ApiRequiresScopes = true }).Allowed());
                Assert.Subset(
                    situation.Allowed(), (situation with { ModelsRequireScopes = [.. situation.ModelsRequireScopes, "book"] }).Allowed());
                Assert.Subset(
                    situation.Allowed(), (situation with { Requirement = situation.Requirement with { RequiresScopes = true } }).Allowed());
                Assert.Equal(session, (situation with { Scopes = null, ApiRequiresScopes = true }).Allowed());
            },
            iter: Rounds);

    // Losing the last scope of ours widens a token, on purpose: without any, it was not asked to be narrowed. Every other
    // scope that goes takes something with it or nothing.
    [Fact]
    public void A_scope_less_never_grants_more_unless_it_is_the_last_of_ours_and_none_is_required() =>
        Gen.Select(Situations.All, Situations.Token, Situations.Scope).Sample(
            (situation, token, scope) =>
            {
                var less = situation with { Scopes = token.Except([scope]).ToHashSet(StringComparer.Ordinal) };
                var more = situation with { Scopes = token.Append(scope).ToHashSet(StringComparer.Ordinal) };
                var catalogue = situation.Catalogue;
                if (!catalogue.IsScope(scope))
                {
                    Assert.Equal(more.Allowed(), less.Allowed());
                    return;
                }

                if (less.Scopes.Any(catalogue.IsScope))
                {
                    Assert.Subset(more.Allowed(), less.Allowed());
                    return;
                }

                // It was the last.
                var session = (situation with { Scopes = null }).Allowed();
                foreach (var permission in catalogue.Permissions)
                {
                    var required = situation.Requirement.RequiresScopes || catalogue.RequiresScopes(permission.Model);
                    Assert.Equal(session.Contains(permission) && !required, less.Allowed().Contains(permission));
                }
            },
            iter: Rounds);

    [Fact]
    public void A_wildcard_is_the_same_as_all_that_it_covers_granted_or_denied() =>
        Situations.All.Sample(
            situation =>
            {
                IReadOnlyList<Permission> WrittenOut(IEnumerable<Permission> written) =>
                    [.. written.SelectMany(permission => permission.Action == Permission.Any
                        ? situation.Catalogue.Permissions.Where(permission.Covers)
                        : [permission])];

                var writtenOut = situation with
                {
                    Groups = [
                        .. situation.Groups.Select(group =>
                            group with { Permissions = WrittenOut(group.Permissions), Denied = WrittenOut(group.Denied) })],
                };
                foreach (var permission in situation.Catalogue.Permissions)
                {
                    var requirement = situation.Requirement with { Permission = permission };
                    Assert.Equal(
                        (situation with { Requirement = requirement }).Decide(), (writtenOut with { Requirement = requirement }).Decide());
                }
            },
            iter: Rounds);

    [Fact]
    public void A_person_and_a_service_are_decided_alike_unless_the_demand_is_for_one_of_them() =>
        Situations.All.Sample(
            situation =>
            {
                var person = situation with { Kind = AccountKind.Person };
                var service = situation with { Kind = AccountKind.Service };
                if (situation.Requirement.Only is { } only)
                {
                    var other = only == AccountKind.Person ? service : person;
                    Assert.False(other.Decide().IsAllowed);
                    Assert.Equal(
                        (situation with { Kind = only, Requirement = situation.Requirement with { Only = null } }).Decide(),
                        (situation with { Kind = only }).Decide());
                }
                else
                {
                    Assert.Equal(person.Decide(), service.Decide());
                }
            },
            iter: Rounds);

    [Fact]
    public void What_belongs_to_others_does_not_matter() =>
        // A group that nothing leads this account into, and mappings of roles that it does not have.
        Gen.Select(Situations.All, Situations.Group, Situations.MappingsInto(5)).Sample(
            (situation, group, mappings) =>
            {
                var strange = group with { Id = Notation.Id("strange"), Name = "strange", IsDefault = false };
                var more = situation with
                {
                    Groups = [.. situation.Groups, strange],
                    Mappings = [
                        .. situation.Mappings,
                        .. mappings.Where(mapping => !situation.Roles.Any(mapping.Pattern.Matches))
                        .Where(mapping => !situation.Mappings.Contains(mapping))],
                };
                Assert.Equal(Memberships(situation), Memberships(more));
                Assert.Equal(situation.Decide(), more.Decide());
            },
            iter: Rounds);

    private static IEnumerable<Removal> Removals(Situation situation) =>
        situation.Roles.Select(role => new Removal(
            role.ToString(), situation with { Roles = [.. situation.Roles.Except([role])] }, grantPath => grantPath.Origin.Role == role))
        .Concat(situation.Mappings.Select(mapping => new Removal(
            $"the mapping of {mapping.Pattern}", situation with { Mappings = [.. situation.Mappings.Except([mapping])] }, grantPath =>
                grantPath.Origin.Mapping == mapping)))
        .Concat(situation.Direct.Select(id => new Removal(
            $"the direct membership of {id}", situation with { Direct = [.. situation.Direct.Except([id])] }, grantPath =>
                grantPath.Origin == Origin.Direct && grantPath.Group.Id == id)))
        .Concat(situation.Groups.Select(group => new Removal(
            $"the group {group.Name}", situation with { Groups = [.. situation.Groups.Except([group])] }, grantPath =>
                grantPath.Group == group)))
        .Concat(situation.Groups.Where(group => group.IsDefault).Select(group => new Removal(
            $"default-group {group.Name}",
            With(situation, situation.Groups.ToList().IndexOf(group), one => one with { IsDefault = false }),
            grantPath => grantPath.Origin == Origin.DefaultGroup && grantPath.Group == group)))
        .Concat(situation.Groups.SelectMany((group, place) => group.Permissions.Select(granted => new Removal(
            $"{granted} in {group.Name}",
            With(situation, place, one => one with { Permissions = [.. one.Permissions.Except([granted])] }),
            grantPath => grantPath.Group == group && grantPath.Permission == granted,
            TakesDenials: false))));

    private static Situation With(Situation situation, int place, Func<GroupRule, GroupRule> change) =>
        situation with { Groups = [.. situation.Groups.Select((group, i) => i == place ? change(group) : group)] };

    private static IEnumerable<string> Memberships(Situation situation) =>
        situation.Access.Memberships.Select(Notation.Write).Order(StringComparer.Ordinal);

    private static string Told(DecisionExplanation explanation) => string.Join('\n', [
        explanation.Decision.ToString(),
        .. explanation.Grants.Select(grantPath => grantPath.ToString()),
        .. explanation.Denials.Select(grantPath => grantPath.ToString()),
        .. explanation.GrantingGroups.SelectMany(way =>
            way.Mappings.Select(mapping => $"{mapping.Pattern} → {way.Group.Name}").Append(way.Group.Name)),
    ]);

    /// <summary>One thing taken away, and which grant paths were made of it.</summary>
    private sealed record Removal(string Name, Situation After, Func<GrantPath, bool> IsFrom, bool TakesDenials = true);
}

using System.Collections.Immutable;
using CsCheck;
using KeycloakAccess.Authentication;
using KeycloakAccess.Data;
using KeycloakAccess.Permissions;
using Microsoft.AspNetCore.Http;

namespace Api.Tests.Permissions;

/// <summary>
/// Nobody grants or takes away what they do not hold: neither as groups write it, nor with a token that was issued for less.
/// </summary>
public sealed class GrantGuardTests
{
    private static readonly Gen<(IReadOnlyList<KeycloakRole> Roles, IReadOnlyList<Guid> Direct)> Account =
        Gen.Select(
            Situations.Roles,
            Situations.DirectInto(5),
            (roles, direct) => ((IReadOnlyList<KeycloakRole>)roles, (IReadOnlyList<Guid>)direct));

    [Theory]
    // What the giver's groups say | the scopes of the token | what would change hands | what is lacking
    [InlineData("g +book:view", "", "book:view", "")]
    [InlineData("g +book:view", "", "book:view book:add", "book:add")]
    [InlineData("g +book:*", "", "book:view book:add book:*", "")]
    [InlineData("g +*:*", "", "book:view loan:* *:*", "")]
    [InlineData("g", "", "", "")]
    [InlineData("g", "", "author:view book:view", "author:view book:view")]
    // To hold every action of today is not to hold the wildcard, which is those of tomorrow too.
    [InlineData("g +book:view +book:add +book:change +book:delete", "", "book:*", "book:*")]
    [InlineData("g +book:* +author:* +account:* +loan:*", "", "*:*", "*:*")]
    // What is denied is not held, in part neither.
    [InlineData("g +book:* -book:delete", "", "book:view", "")]
    [InlineData("g +book:* -book:delete", "", "book:delete", "book:delete")]
    [InlineData("g +book:* -book:delete", "", "book:*", "book:*")]
    [InlineData("g +*:* -loan:extend", "", "*:*", "*:*")]
    [InlineData("g +*:* -loan:extend", "", "book:*", "")]
    // A narrow token makes no wide groups.
    [InlineData("g +*:*", "books:read", "book:view", "")]
    [InlineData("g +*:*", "books:read", "book:add", "book:add")]
    [InlineData("g +*:*", "books:read", "book:*", "book:*")]
    [InlineData("g +*:*", "books:read books:write", "book:*", "")]
    [InlineData("g +*:*", "books:read books:write", "*:*", "*:*")]
    [InlineData("g +*:*", "openid", "*:*", "")]
    [InlineData("g +*:*", "session", "*:*", "")]
    [InlineData("g +*:*", "library:read", "book:view", "book:view")]
    // Nobody holds what cannot be read, and only they hold what does not exist who hold everything.
    [InlineData("g +*:*", "", "nonsense *:view book:v*", "*:view book:v* nonsense")]
    [InlineData("g +*:*", "", "car:view", "")]
    [InlineData("g +book:*", "", "car:view", "car:view")]
    // Each is named once, in order.
    [InlineData("g +book:view", "", "loan:view author:view loan:view book:view", "author:view loan:view")]
    public void A_change_is_refused_with_everything_that_its_maker_lacks(string groups, string scopes, string changing, string lacking)
    {
        var situation = new Situation
        {
            Groups = [Notation.Group(groups)],
            Direct = [Notation.Id("g")],
            Scopes = scopes == "session" ? null : Notation.Words(scopes).ToHashSet(StringComparer.Ordinal),
        };

        var refusal = By(situation).Refuse(Notation.Words(changing)) as ChangeFailure.Refused;

        Assert.Equal(Notation.Words(lacking), refusal?.Lacking ?? []);
        if (refusal is not null)
        {
            Assert.Equal(
                $"Nobody grants or takes away what they do not hold. You lack {string.Join(", ", Notation.Words(lacking))}.",
                refusal.Detail);
        }
    }

    [Theory]
    // What the caller's groups say | the scopes of the token | what the other's groups say | what the caller lacks of it
    [InlineData("g +account:change", "", "h +*:*", "*:*")]
    [InlineData("g +*:*", "", "h +*:*", "")]
    [InlineData("g +account:change +book:view", "", "h +book:view", "")]
    [InlineData("g +account:change +book:view", "", "h +book:view +book:add", "book:add")]
    [InlineData("g +account:change", "", "h", "")]
    // What is denied to the other is nothing that they hold; what is denied to the caller is nothing that they hold either.
    [InlineData("g +account:change", "", "h +book:delete -book:delete", "")]
    [InlineData("g +account:change", "", "h +*:* -*:*", "")]
    [InlineData("g +*:* -book:delete", "", "h +*:* -book:delete", "")]
    [InlineData("g +*:* -book:delete", "", "h +*:*", "*:*")]
    [InlineData("g +*:* -book:delete", "", "h +book:delete", "book:delete")]
    // A wildcard is held by whoever holds the wildcard, however little of it is left to the other today.
    [InlineData("g +book:view", "", "h +book:* -book:add -book:change -book:delete -book:publish", "book:*")]
    // What a token was not issued for its bearer does not hold.
    [InlineData("g +*:*", "accounts:write", "h +book:view", "book:view")]
    [InlineData("g +*:*", "accounts:write books:read", "h +book:view", "")]
    public void Whoever_holds_more_is_out_of_reach(string groups, string scopes, string others, string lacking)
    {
        var situation = new Situation
        {
            Groups = [Notation.Group(groups), Notation.Group(others)],
            Direct = [Notation.Id("g")],
            Scopes = Notation.Words(scopes).ToHashSet(StringComparer.Ordinal),
        };
        var other = new KnownSubject
        {
            AccountId = Notation.Id("other"),
            Subject = "other",
            Username = "other",
            Kind = AccountKind.Person,
            Enabled = false,
            RolesKnown = true,
            Roles = [],
            Groups = [new DirectGroup(Notation.Id("h"))],
        };

        Assert.Equal(Notation.Words(lacking), By(situation).Lacking(other));
        Assert.Equal(lacking.Length > 0, By(situation).Refuse(other) is not null);
        // Of themselves nobody lacks anything.
        Assert.Empty(By(situation).Lacking(other with { AccountId = Guid.Empty }));
    }

    [Fact]
    public void To_put_somebody_into_a_group_takes_what_it_grants_and_what_it_denies()
    {
        var giver = By(new Situation { Groups = [Notation.Group("g +book:view +book:add")], Direct = [Notation.Id("g")] });

        Assert.Null(giver.Refuse(Notation.Group("other +book:view -book:add")));
        Assert.NotNull(giver.Refuse(Notation.Group("other +book:delete")));
        // Out of a group that denies, somebody has more than before.
        Assert.NotNull(giver.Refuse(Notation.Group("other +book:view -book:delete")));
        Assert.Null(giver.Refuse(Notation.Group("other")));
    }

    [Fact]
    public void Whatever_change_is_let_through_nobody_gains_or_loses_what_its_maker_does_not_hold()
    {
        var (made, changed) = (0, 0);
        Gen.Select(
            Situations.All,
            Account.Array[2],
            Situations.Group,
            Gen.Int[0, 4],
            Gen.Int[0, 6],
            Situations.MappingsInto(5).Where(mappings => mappings.Length > 0)).Sample(
            (maker, accounts, written, place, kind, mappings) =>
            {
                maker = maker with { IsEnabled = true, Requirement = new AccessRequirement(null) };
                if (Attempt(kind, By(maker), maker, maker.Groups[place % maker.Groups.Count], written, mappings[0]) is not { } change)
                {
                    return;
                }

                Interlocked.Increment(ref made);
                var holds = maker.Allowed();
                // The maker is one of those whom it may concern: nobody makes themselves more.
                foreach (var (roles, direct) in accounts.Append((maker.Roles, maker.Direct)))
                {
                    // Without a token, for there may always be a wider one.
                    var account = maker with { Roles = roles, Direct = direct, Scopes = null };
                    var before = account.Allowed();
                    var after = (account with
                    {
                        Groups = change.Groups,
                        Mappings = change.Mappings,
                        Direct = [.. change.Direct(direct)],
                    }).Allowed();
                    Interlocked.Add(ref changed, before.Except(after).Concat(after.Except(before)).Count());
                    Assert.Subset(holds, after.Except(before).ToHashSet());
                    Assert.Subset(holds, before.Except(after).ToHashSet());
                }

                // Nor what wildcards will cover tomorrow.
                Assert.All(
                    change.Granted.Where(permission => permission.Action == Permission.Any),
                    permission => Assert.True(maker.Access.Grants(permission)));
            },
            iter: 5000);

        // Else the property says nothing.
        Assert.InRange(made, 100, int.MaxValue);
        Assert.InRange(changed, 50, int.MaxValue);
    }

    // Every change that an endpoint lets somebody make, if what the endpoint asks first lets it through.
    private static Change? Attempt(int kind, GrantGuard by, Situation before, GroupRule group, GroupRule written, MappingRule mapping)
    {
        var replaced = written with { Id = group.Id, Name = group.Name };
        var added = written with { Id = Notation.Id("new"), Name = "new" };
        var led = mapping with { GroupId = group.Id };
        var nothing = new Change(before.Groups, before.Mappings, direct => direct, []);
        var (refusal, change) = kind switch
        {
            0 => (by.Refuse(Texts(replaced).Concat(Texts(group))), nothing with
            {
                Groups = [.. before.Groups.Select(one => one == group ? replaced : one)],
                Granted = Permissions(replaced),
            }),
            1 => (by.Refuse(Texts(added)), nothing with { Groups = [.. before.Groups, added], Granted = Permissions(added) }),
            2 => (by.Refuse(Texts(group)), nothing with { Groups = [.. before.Groups.Except([group])] }),
            3 => (by.Refuse(group), nothing with { Mappings = [.. before.Mappings.Union([led])], Granted = Permissions(group) }),
            4 => (by.Refuse(group), nothing with { Mappings = [.. before.Mappings.Where(one => one.GroupId != group.Id)] }),
            5 => (by.Refuse(group), nothing with { Direct = direct => direct.Union([group.Id]), Granted = Permissions(group) }),
            _ => (by.Refuse(group), nothing with { Direct = direct => direct.Except([group.Id]) }),
        };
        return refusal is null ? change : null;
    }

    private static IEnumerable<Permission> Permissions(GroupRule group) => group.Permissions.Concat(group.Denied);

    private static IEnumerable<string> Texts(GroupRule group) => Permissions(group).Select(permission => permission.ToString());

    private static GrantGuard By(Situation giver) => new(
        new Caller(
            new KnownAccess(
                new KeycloakIdentity
                {
                    Issuer = "https://sso.test/realms/acme",
                    Subject = "subject",
                    Kind = giver.Kind,
                    ClientId = "client",
                    Roles = [.. giver.Roles],
                    HasRoleClaims = true,
                    IssuedAt = DateTimeOffset.UnixEpoch,
                    IsSession = giver.Scopes is null,
                    Scopes = giver.Scopes is null ? [] : giver.Scopes.ToImmutableHashSet(StringComparer.Ordinal),
                },
                new CallerRecord(Guid.Empty, giver.IsEnabled, 1, [.. giver.Direct.Select(id => new DirectGroup(id))])
                {
                    IsWritten = true,
                    Note = new LastSeen(DateTimeOffset.UnixEpoch),
                },
                giver.Rules,
                new ChangeState(Epoch: 1, Rules: 1, Changes: 0)),
            giver.Catalogue,
            new DefaultHttpContext()),
        giver.Catalogue,
        refused: _ => { });

    private sealed record Change(
        IReadOnlyList<GroupRule> Groups,
        IReadOnlyList<MappingRule> Mappings,
        Func<IEnumerable<Guid>, IEnumerable<Guid>> Direct,
        IEnumerable<Permission> Granted);
}

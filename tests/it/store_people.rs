//! Tenants, organisations, members and policies.

use docket::{
    domain::{
        member::{Identity, Role, Standing, Surface},
        policy::Policy,
        tenant::Installation,
    },
    store::Error,
};

use crate::support::{
    db::{TestDb, for_each_db},
    sample,
};

for_each_db! {
    the_local_tenant_is_made_once,
    a_policy_is_kept,
    an_organisation_belongs_to_one_tenant,
    members_are_found_by_every_name,
}

async fn the_local_tenant_is_made_once(db: &TestDb) {
    let others = [db.another().await, db.another().await, db.another().await];
    let asking = others.clone().into_iter().enumerate().map(|(i, store)| {
        let chance = db.clock.chance(100 + i as u64);
        tokio::spawn(async move { store.local_tenant(&chance).await.unwrap() })
    });
    let tenant = db.store.local_tenant(&db.chance).await.unwrap();
    for asked in asking.collect::<Vec<_>>() {
        assert_eq!(asked.await.unwrap(), tenant);
    }
    assert_eq!(db.store.tenant_of(Surface::Console, "local").await.unwrap(), Some(tenant));
    assert_eq!(db.store.tenant_of(Surface::Slack, "local").await.unwrap(), None);

    let mut tx = db.store.read(tenant).await.unwrap();
    let members = tx.members().await.unwrap();
    let [owner] = members.as_slice() else { panic!("{members:?}") };
    assert_eq!((owner.name.as_str(), owner.role, owner.standing), ("Local owner", Role::Owner, Standing::Full));
    let you = Identity { surface: Surface::Console, team: "local".to_owned(), user: "local".to_owned() };
    assert_eq!(tx.member_by_identity(&you).await.unwrap().as_ref(), Some(owner));
    let here = tx.members_at(Surface::Console, "local").await.unwrap();
    assert_eq!(here, [("local".to_owned(), owner.clone())]);
    assert_eq!(
        tx.members_at(Surface::Slack, "local").await.unwrap(),
        [],
        "nobody in Slack hears of the console's owner"
    );
    for store in others {
        store.close().await;
    }
}

async fn a_policy_is_kept(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    assert_eq!(tx.policy().await.unwrap(), Policy::default());
    let strict = Policy { approvals: 2, self_approval: false, ..Policy::default() };
    tx.set_policy(&strict).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(db.store.read(tenant).await.unwrap().policy().await.unwrap(), strict);
}

async fn an_organisation_belongs_to_one_tenant(db: &TestDb) {
    let (tenant, _) = sample::tenant(&db.store, &db.chance).await;
    let (other, _) = sample::tenant(&db.store, &db.chance).await;
    let mut installation = Installation {
        surface: Surface::Slack,
        team: "T1".to_owned(),
        name: "Acme".to_owned(),
        bot_user: "U0".to_owned(),
        removed: None,
    };
    let mut tx = db.store.write(tenant).await.unwrap();
    tx.put_installation(&installation).await.unwrap();
    installation.removed = Some("tokens_revoked".to_owned());
    tx.put_installation(&installation).await.unwrap();
    assert_eq!(tx.installation(Surface::Slack, "T1").await.unwrap().as_ref(), Some(&installation));
    assert_eq!(tx.installations().await.unwrap(), [installation.clone()]);
    tx.commit().await.unwrap();
    assert_eq!(db.store.tenant_of(Surface::Slack, "T1").await.unwrap(), Some(tenant));

    let mut tx = db.store.write(other).await.unwrap();
    let error = tx.put_installation(&installation).await.unwrap_err();
    assert!(matches!(error, Error::Taken { .. }), "{error}");
    drop(tx);
    assert_eq!(db.store.tenant_of(Surface::Slack, "T1").await.unwrap(), Some(tenant));
}

async fn members_are_found_by_every_name(db: &TestDb) {
    let (tenant, ana) = sample::tenant(&db.store, &db.chance).await;
    let mut tx = db.store.write(tenant).await.unwrap();
    let mut member = tx.member(ana).await.unwrap().unwrap();
    member.standing = Standing::Guest;
    member.name = "Ana María".into();
    tx.put_member(&member, &sample::identity("U2")).await.unwrap();
    assert_eq!(tx.member(ana).await.unwrap().as_ref(), Some(&member));
    assert_eq!(tx.members().await.unwrap(), [member.clone()]);
    assert_eq!(tx.identities(ana).await.unwrap(), [sample::identity("U1"), sample::identity("U2")]);
    assert_eq!(tx.member_by_identity(&sample::identity("U1")).await.unwrap(), Some(member));
    assert_eq!(tx.member_by_identity(&sample::identity("U9")).await.unwrap(), None);
    tx.commit().await.unwrap();

    let mut tx = db.store.write(tenant).await.unwrap();
    let thief = sample::member(&db.chance, "Ben");
    let error = tx.put_member(&thief, &sample::identity("U1")).await.unwrap_err();
    assert!(matches!(error, Error::Taken { .. }), "{error}");
    drop(tx);
    assert_eq!(db.store.read(tenant).await.unwrap().members().await.unwrap().len(), 1);
}
